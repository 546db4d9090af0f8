#!/usr/bin/python3
"""Prints dmabufctl-conform(7): the template, with the rules where it says @RULES@.

    dmabufctl conform --list --json | man/rules.py TEMPLATE
"""
import itertools
import json
import sys

TEMPLATE = open(sys.argv[1]).read()


def plain(text):
    return "".join("\\" + c if c in "\\*_" else c for c in text)


def group(case):
    return case["case"].split("-", 1)[0]


def rule(case):
    yield f"*{plain(case['case'])}*"
    text = [case["rule"]]
    if case["since"]:
        text.append(f"since Linux {case['since']}")
    text.append(f"[{case['source']}]")
    yield "\t" + plain(" ".join(text))
    if case["known_bug"]:
        mended = f"; mended by {case['mended_by']}" if case["mended_by"] else ""
        yield ""
        yield "\tKnown bug: " + plain(case["known_bug"] + mended)
    yield ""


def page():
    for name, cases in itertools.groupby(json.load(sys.stdin)["cases"], group):
        yield f"## {name}"
        yield ""
        for case in cases:
            yield from rule(case)


print(TEMPLATE.replace("@RULES@\n", "\n".join(page())), end="")
