"""How a conversation stands: what it is owed, what waits for its time, when the next look is."""

from dataclasses import dataclass
from datetime import datetime

from caseway.domain.conversation import Hint
from caseway.domain.delivery import Delivery
from caseway.domain.plan import Owed, Step, steps


@dataclass(frozen=True, slots=True)
class Standing:
    """`owed.write` is unknown here: a status to be written follows from the next look alone."""

    owed: Owed
    due_at: datetime | None
    lease_until: datetime | None
    starts: int
    hints: int
    claim_waits: bool  # a case_closed is still to be judged
    parked_reason: str | None

    def plan(self, now: datetime) -> list[str]:
        """What is owed now, in order and in words; empty: nothing, or it waits for its time."""
        owed = [str(step) for step in self.steps(now)]
        what = [
            words
            for bit, words in (
                (Hint.ACTIVITIES, "its activities"),
                (Hint.CASE, "its case"),
                (Hint.EARLIER, "its earlier cases"),
            )
            if self.hints & bit
        ]
        if what:
            owed.insert(0, f"read {' and '.join(what)} in Creatio")
        if self.claim_waits:
            owed.append("weigh a case_closed")
        return owed

    def steps(self, now: datetime) -> list[Step]:
        return steps(self.owed, now=now)

    def later(self, now: datetime) -> list[Delivery]:
        """Replies that are owed, and not yet due."""
        return [d for d in self.owed.deliveries if d.not_before > now]

    def next_look(self, now: datetime) -> str | datetime:
        """A time, or in words what it waits for."""
        if self.parked_reason:
            return "none until it is replayed"
        if self.lease_until is not None and self.lease_until > now:
            return "a worker is looking now"
        if self.lease_until is not None:
            return "as soon as a worker comes back for an abandoned look"
        if self.due_at is None:
            return "when something happens"
        return "now" if self.due_at <= now else self.due_at
