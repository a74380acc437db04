"""python -m tests.model [base|mutations] [NAME …]: visits the bounds, prints what it found.

`base` visits the protocol as it is, `mutations` switches protections off and prints a
counterexample for each; without a word both are done, which takes about ten minutes. A NAME is a
scenario's, or the protections switched off together, in one argument.
"""

import sys

from .check import check, show
from .scenarios import ALL, MUTATIONS


def base(names: list[str]) -> int:
    wrong = 0
    for name in names:
        r = check(ALL[name], limit=3_000_000, stop=600)
        wrong += bool(r.fault) or not r.whole
        extent = "all" if r.whole else "CUT OFF"
        print(
            f"{name:14} {r.states:9,} states ({extent}) {r.steps:10,} steps {r.seconds:6.1f} s  "
            f"{r.fault or 'holds'}",
            flush=True,
        )
        if r.fault:
            print(show(r))
    return wrong


def mutations(only: list[str]) -> int:
    wrong = 0
    for names, bounds, noticed in MUTATIONS:
        if only and names not in only:
            continue
        r = check(bounds, frozenset(names.split()), limit=1_000_000, stop=200)
        wrong += bool(r.fault) != noticed
        surprise = "" if bool(r.fault) == noticed else "   <-- NOT AS EXPECTED"
        print(
            f"without {names:22} [{bounds.name}] {r.states:8,} states {r.seconds:5.1f} s: "
            f"{r.fault or 'not noticed'}{surprise}",
            flush=True,
        )
        if r.fault:
            print(show(r))
    return wrong


def main(what: str = "", *names: str) -> int:
    """How many verdicts were not the expected ones."""
    known = {names for names, _, _ in MUTATIONS}
    match what:
        case "":
            return base(list(ALL)) + mutations([])
        case "base" if ALL.keys() >= set(names):
            return base(list(names) or list(ALL))
        case "mutations" if known >= set(names):
            return mutations(list(names))
        case _ if ALL.keys() >= {what, *names}:
            return base([what, *names])
    print(__doc__, file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    sys.exit(bool(main(*sys.argv[1:])))
