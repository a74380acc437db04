"""A storm over real processes, small enough for every test run; `python -m tests.faults` is large."""

import asyncio
import sys

from tests.faults.storm import Plan, run

SMALL = Plan(
    conversations=40, messages=2, replies=3, kill_every=4.0, bare=True, sweep=2.0, within=400.0
)


def test_nothing_is_lost_doubled_or_misplaced_while_processes_die() -> None:
    outcome = asyncio.run(run(SMALL))
    compared = outcome.compared
    print(outcome, file=sys.stderr)
    assert outcome.is_settled
    assert (compared.messages.written, compared.replies.written) == (80, 120)
    assert (compared.messages.found, compared.replies.found) == (80, 120)
    assert compared.is_kept, compared.examples
    assert sum(outcome.kills.values()) >= 1
    assert outcome.bugs == outcome.given_up == []
