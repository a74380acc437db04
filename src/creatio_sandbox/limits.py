"""How many calls a user may make: in a day, as the price list has it, and in a second.

No status is documented for a used-up allowance; 429 is assumed.
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final

import msgspec

from creatio_sandbox.clock import Clock
from creatio_sandbox.odata.answers import PLAIN_JSON, Answer

SECOND: Final = timedelta(seconds=1)


@dataclass(slots=True)
class Meter:
    """Counts per user. The day is that of Creatio's clock, in UTC."""

    _of_day: dict[str, tuple[date, int]] = field(default_factory=dict)
    _latest: dict[str, deque[datetime]] = field(default_factory=dict)

    def clear(self) -> None:
        self._of_day.clear()
        self._latest.clear()

    def refusal(self, user: str, clock: Clock, *, daily: int, per_second: float) -> Answer | None:
        """Counts this call, or says why it is not taken. A limit of 0 is none."""
        now = clock.now().astimezone(UTC)
        if daily:
            day, calls = self._of_day.get(user, (now.date(), 0))
            calls = calls if day == now.date() else 0
            if calls >= daily:
                midnight = datetime.combine(
                    now.date() + timedelta(days=1), datetime.min.time(), UTC
                )
                return too_many(f"{daily} API calls a day are used up.", midnight - now)
            self._of_day[user] = (now.date(), calls + 1)
        if per_second:
            return self._of_this_second(user, clock.source(), max(1, int(per_second)))
        return None

    def _of_this_second(self, user: str, now: datetime, allowed: int) -> Answer | None:
        latest = self._latest.setdefault(user, deque())
        while latest and now - latest[0] >= SECOND:
            latest.popleft()
        if len(latest) >= allowed:
            return too_many(f"{allowed} API calls a second are the limit.", SECOND)
        latest.append(now)
        return None


def too_many(why: str, wait: timedelta) -> Answer:
    seconds = max(1, round(wait.total_seconds()))
    body = msgspec.json.encode({"Message": f"Too many requests: {why}"})
    return Answer(429, body, {"Content-Type": PLAIN_JSON, "Retry-After": str(seconds)})
