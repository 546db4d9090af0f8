#!/usr/bin/python3
"""Prints dmabufctl-json(7): the template, with the schema's keys where it says @KEYS@.

    man/schema.py TEMPLATE SCHEMA
"""
import json
import sys

TEMPLATE, SCHEMA = (open(path).read() for path in sys.argv[1:])
schema = json.loads(SCHEMA)
parts = schema["$defs"]


def plain(text):
    return "".join("\\" + c if c in "\\*_" else c for c in text)


def target(part):
    return part["$ref"].rsplit("/", 1)[1]


def is_object(name):
    return "properties" in parts[name]


def value(constant):
    return f"*{plain(json.dumps(constant).strip(chr(34)))}*"


def kind(part):
    """The values that it can have, in words."""
    if "$ref" in part:
        return plain(target(part))
    if "enum" in part:
        return ", ".join(value(each) for each in part["enum"])
    if "const" in part:
        return value(part["const"])
    if "anyOf" in part and "type" not in part:
        return " or ".join(kind(each) for each in part["anyOf"])
    if part["type"] == "array":
        return f"array of {kind(part['items'])}" if "items" in part else "array"
    types = part["type"] if isinstance(part["type"], list) else [part["type"]]
    text = " or ".join(types)
    if "minimum" in part and part["minimum"]:
        text += f", {part['minimum']} or more"
    return text


def inner(part):
    """The object whose keys are told with the part's own, and what follows the part's name; or None."""
    for each in [part] + part.get("anyOf", []):
        if "properties" in each:
            return each, ""
        if "properties" in each.get("items", {}):
            return each["items"], "[]"
    return None


def keys(part, prefix=""):
    required = part.get("required", part["properties"] if prefix == "" else [])
    for name, each in part["properties"].items():
        if each is True:
            continue
        optional = "" if name in required else ", not always there"
        yield f"*{plain(prefix + name)}* ({kind(each)}{optional})"
        yield "\t" + plain(each.get("description") or parts[target(each)]["description"])
        yield ""
        if inner(each):
            nested, suffix = inner(each)
            yield from keys(nested, f"{prefix}{name}{suffix}.")


def alternatives(part):
    """What stands together in a result."""
    for each in part.get("anyOf", []) + part.get("oneOf", []):
        yield ", ".join(f"*{plain(name)}*" for name in each["required"])


def section(title, part):
    yield f"## {title}"
    yield ""
    yield plain(part["description"])
    yield ""
    choices = list(alternatives(part))
    if choices:
        yield f"One of these is always there: {'; or '.join(choices)}."
        yield ""
    yield from keys(part)


def page():
    yield "# COMMANDS"
    yield ""
    for rule in schema["allOf"]:
        name = rule["if"]["properties"]["command"].get("const", "Without a command")
        yield from section(name, parts[target(rule["then"])])
    yield "# PARTS"
    yield ""
    for name, part in parts.items():
        if is_object(name) and not name.startswith("result_"):
            yield from section(plain(name), part)
    yield "# VALUES"
    yield ""
    for name, part in parts.items():
        if not is_object(name):
            yield f"*{plain(name)}* ({kind(part)})"
            yield "\t" + plain(part["description"])
            yield ""
            if inner(part):
                nested, suffix = inner(part)
                yield from keys(nested, f"{name}{suffix}.")


print(TEMPLATE.replace("@KEYS@\n", "\n".join(page())), end="")
