"""How fast a replay may look again: it shares Creatio's calls and the worker with everybody."""

from typing import Final

AT_ONCE: Final = 4  # conversations of one order that are looked at side by side
CALLS_A_LOOK: Final = 2  # the activities, and the case where there are none
RESERVE: Final = 0.25  # the part of the day's calls that replays leave to replies and sweeps


def affordable(calls_a_day: int | None, used_today: int) -> bool:
    """None: the plan has no limit."""
    return calls_a_day is None or used_today + CALLS_A_LOOK <= calls_a_day * (1 - RESERVE)
