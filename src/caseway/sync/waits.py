"""What a run has to wait for: its release says when to come back."""

from dataclasses import dataclass, field
from datetime import timedelta

from caseway.domain.plan import Lane
from caseway.ports import Later


@dataclass(slots=True)
class Waits:
    """Lanes that stopped in this run, when to come back, and what to read then."""

    lanes: set[Lane] = field(default_factory=set)
    retry_after: timedelta | None = None
    hints: int = 0
    again: bool = False  # something moved while we wrote: look again at once
    progressed: bool = False  # a step was done: a failure after it is the first in a row

    def later(self, lane: Lane, failure: Later) -> None:
        self.lanes.add(lane)
        asked = failure.retry_after
        if asked is not None:
            self.retry_after = max(self.retry_after or asked, asked)

    def also(self, *lanes: Lane) -> None:
        self.lanes.update(lanes)
