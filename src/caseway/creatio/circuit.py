"""Stop asking an instance that is down: pure state, moved by a clock that the caller reads.

    closed ──(five failures in a row, or one that says so)──▶ open ──(wait is over)──▶ half-open
       ▲                                                       ▲                           │
       └────────────────── any answer ─────────────────────────┴──── one more failure ─────┘

Half-open lets a single call through; if that never tells how it went, another one may try.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Final

from caseway.domain.backoff import backoff

FAILURES_TO_OPEN: Final = 5
LONGEST: Final = timedelta(minutes=1)
TRIAL_SECONDS: Final = 15.0  # a trial call has long ended by then


class State(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Event(StrEnum):
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    EXHAUSTED = "exhausted"  # it has failed too often, or has said to stay away
    WAITED = "waited"


TRANSITIONS: Final[Mapping[State, Mapping[Event, State]]] = {
    State.CLOSED: {
        Event.SUCCEEDED: State.CLOSED,
        Event.FAILED: State.CLOSED,
        Event.EXHAUSTED: State.OPEN,
        Event.WAITED: State.CLOSED,
    },
    State.OPEN: {
        Event.SUCCEEDED: State.CLOSED,  # of a call that began before it opened
        Event.FAILED: State.OPEN,
        Event.EXHAUSTED: State.OPEN,
        Event.WAITED: State.HALF_OPEN,
    },
    State.HALF_OPEN: {
        Event.SUCCEEDED: State.CLOSED,
        Event.FAILED: State.OPEN,
        Event.EXHAUSTED: State.OPEN,
        Event.WAITED: State.HALF_OPEN,
    },
}


@dataclass(frozen=True, slots=True)
class Circuit:
    """`until`: monotonic seconds; before then nobody calls (open), or nobody else (half-open)."""

    state: State = State.CLOSED
    failures: int = 0  # in a row
    openings: int = 0  # since it was last closed
    until: float = 0.0
    reason: str = ""
    remedy: str = ""

    def wait(self, now: float) -> float:
        """Seconds for which a call would be pointless; 0 if one may be made."""
        return 0.0 if self.state is State.CLOSED else max(0.0, self.until - now)

    def calling(self, now: float) -> "Circuit":
        """A call is about to be made, `wait` having said 0."""
        if self.state is State.CLOSED:
            return self
        return replace(self, state=TRANSITIONS[self.state][Event.WAITED], until=now + TRIAL_SECONDS)

    def succeeded(self) -> "Circuit":
        return _CLOSED

    def failed(
        self,
        now: float,
        *,
        reason: str,
        remedy: str = "",
        chance: float,
        stay_away: timedelta | None = None,
        longest: timedelta = LONGEST,
    ) -> "Circuit":
        """`stay_away` opens at once and for at least that long; `chance` in [0, 1) is jitter."""
        failures = self.failures + 1
        exhausted = stay_away is not None or failures >= FAILURES_TO_OPEN
        event = Event.EXHAUSTED if exhausted else Event.FAILED
        state = TRANSITIONS[self.state][event]
        told = replace(self, state=state, failures=failures, reason=reason, remedy=remedy)
        if state is State.CLOSED:
            return told
        if self.state is State.OPEN and stay_away is None:
            return told  # it began before the circuit opened: no news
        openings = self.openings + 1
        pause = max(
            backoff(openings, chance=chance, longest=longest), stay_away or timedelta()
        ).total_seconds()
        until = now + pause
        if self.state is State.OPEN:
            until = max(self.until, until)
            openings = self.openings
        return replace(told, openings=openings, until=until)


_CLOSED: Final = Circuit()
