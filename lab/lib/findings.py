"""What lab/lib/mutants and lab/lib/kernel-mutants share: messages, and how many were noticed."""
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
WORK = TOP / "build-mutants"


def say(*words):
    print("mutants:", *words, file=sys.stderr, flush=True)


def die(*words):
    say(*words)
    sys.exit(125)


def show(name, verdict):
    print(f"{name}: {verdict}", flush=True)


def count(verdicts, seconds):
    """The last lines, of verdicts by name; true when all were noticed."""
    kinds = {kind: [name for name, verdict in verdicts.items() if verdict.startswith(kind)]
             for kind in ("noticed", "not noticed", "not as said", "not tried", "broken")}
    noticed = len(kinds.pop("noticed"))
    for kind, names in kinds.items():
        for name in names:
            print(f"{kind}: {name}")
    print(f"{len(verdicts)} mutants in {seconds:.0f} s")
    print(f"{noticed} noticed, {len(verdicts) - noticed} not")
    return noticed == len(verdicts)
