"""Creatio's own clock. It may be wrong by an offset, as real servers' clocks are."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta


def system_time() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Clock:
    source: Callable[[], datetime] = system_time
    offset: timedelta = field(default_factory=timedelta)

    def now(self) -> datetime:
        return self.source() + self.offset


def stamp(moment: datetime) -> str:
    """The stored form: UTC, six digits, no zone; its order as text is the order in time."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
