"""Breaks everything that may break, with real processes, and proves that nothing was lost.

    python -m tests.faults                      the storm: 500 conversations, everything at once
    python -m tests.faults --outage 40          Creatio and the channel answer 503 for 40 s
    python -m tests.faults --one-kill           1,000 webhooks at 50/s, one kill -9
    python -m tests.faults --repeated 65        65 replies, each webhook twice

Ends with 1 if a promise was broken.
"""

import argparse
import asyncio
import json
import sys
from dataclasses import asdict, fields

from tests.faults.comparing import Counts
from tests.faults.storm import Outcome, Plan, run

WORDS = {
    "conversations": "customers",
    "messages": "messages of each",
    "replies": "replies to each",
    "errors": "share of Creatio's and the receiver's answers that fail",
    "dropped": "share of webhooks that never come",
    "doubled": "share of webhooks that come twice",
    "kill_every": "seconds between kills of a worker; 0: none",
    "workers": "worker processes beside `serve --no-worker`; 0: one `serve` does all",
    "seed": "of all chance",
    "bare": "half of the customers on a channel whose receiver does not drop repeats",
    "sweep": "seconds between sweeps",
    "within": "seconds for all of it",
}


def plan_from(words: list[str]) -> tuple[Plan, bool]:
    usual = Plan()
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for name, help_ in WORDS.items():
        default = getattr(usual, name)
        option = f"--{name.replace('_', '-')}"
        if isinstance(default, bool):
            parser.add_argument(option, action="store_true", help=help_)
        else:
            parser.add_argument(
                option, type=type(default), default=default, help=f"{help_} (default %(default)s)"
            )
    parser.add_argument("--outage", type=float, default=0.0, help="seconds of 503, at 50 a second")
    parser.add_argument("--one-kill", action="store_true", help="1,000 replies, one kill -9")
    parser.add_argument("--repeated", type=int, default=0, help="replies, each webhook twice")
    parser.add_argument("--json", action="store_true", help="one line of JSON instead of a table")
    asked = parser.parse_args(words)
    plan = Plan(**{name: getattr(asked, name) for name in WORDS})
    calm = {
        "messages": 1,
        "errors": 0.0,
        "dropped": 0.0,
        "doubled": 0.0,
        "pace": 50.0,
        "workers": 0,
    }
    changed = {f.name: getattr(plan, f.name) for f in fields(Plan)}
    if asked.outage:
        replies = round(asked.outage * 50 / 200)
        changed |= calm | {"conversations": 200, "replies": replies, "outage": asked.outage}
    elif asked.one_kill:
        changed |= calm | {"conversations": 200, "replies": 5, "one_kill": True}
    elif asked.repeated:
        changed |= calm | {"conversations": asked.repeated, "replies": 1, "doubled": 1.0}
    return Plan(**changed), asked.json


def show(outcome: Outcome) -> None:
    compared, repeats = outcome.compared, outcome.compared.repeats
    print(
        f"{'':<10}{'written':>9}{'arrived':>9}{'missing':>9}{'doubled':>9}"
        f"{'misplaced':>11}{'out of order':>14}"
    )
    for name, counts in (("messages", compared.messages), ("replies", compared.replies)):
        print(_row(name, counts))
    print(
        f"\nRepeats on the wire: {repeats.recognised} recognised by their id, {repeats.marked} "
        f"marked, {repeats.unmarked} unmarked on the channel that cannot recognise them."
    )
    killed = ", ".join(f"{name} {times} times" for name, times in outcome.kills.items() if times)
    print(
        f"Killed: {killed or 'nobody'}. Customers' programs asked {outcome.repeated} times again; "
        f"the receiver refused {outcome.refused} callbacks."
    )
    spent = ", ".join(f"{name} {seconds:g} s" for name, seconds in outcome.seconds.items())
    print(f"Time: {spent}.")
    for line in (*compared.examples, *outcome.given_up[:20], *outcome.bugs[:20]):
        print(f"  {line}")
    if not outcome.is_settled:
        print("It did not settle in time.")
    print("Every promise was kept." if outcome.is_kept else "A PROMISE WAS BROKEN.")


def _row(name: str, counts: Counts) -> str:
    return (
        f"{name:<10}{counts.written:>9}{counts.found:>9}{counts.missing:>9}{counts.doubled:>9}"
        f"{counts.misplaced:>11}{counts.out_of_order:>14}"
    )


def main(words: list[str]) -> int:
    plan, as_json = plan_from(words)
    outcome = asyncio.run(run(plan))
    if as_json:
        print(json.dumps({**asdict(outcome), "is_kept": outcome.is_kept}))
    else:
        show(outcome)
    return 0 if outcome.is_kept else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
