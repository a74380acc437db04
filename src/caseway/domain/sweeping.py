"""How often to ask Creatio what changed: often while nothing else tells us, within the budget."""

from datetime import datetime, timedelta
from typing import Final

ACTIVITY: Final = "Activity"
CASE: Final = "Case"

WITHOUT_WEBHOOKS: Final = {ACTIVITY: timedelta(seconds=30), CASE: timedelta(seconds=60)}
WITH_WEBHOOKS: Final = timedelta(minutes=2)
FASTEST: Final = timedelta(seconds=1)
SLOWEST: Final = timedelta(hours=1)
RESERVE: Final = 0.05  # the last part of the day's calls is kept for replies


def next_sweep(
    entity: str,
    *,
    now: datetime,
    chosen: timedelta | None,
    webhooks_work: bool,
    just_missed: bool,
    calls_a_day: int | None,
    used_today: int,
) -> timedelta:
    """The pause before the next sweep of one entity.

    `chosen` is the administrator's word; without it the pause adapts. Never more than half of
    what is left of the day's calls; `just_missed`: a webhook was missed a moment ago.
    """
    if chosen is not None:
        return min(max(chosen, FASTEST), SLOWEST)
    wanted = WITHOUT_WEBHOOKS[entity]
    if webhooks_work and not just_missed:
        wanted = WITH_WEBHOOKS
    if calls_a_day is None:
        return wanted
    left = calls_a_day * (1 - RESERVE) - used_today
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    if left < 1:
        return min(midnight - now, SLOWEST)
    # Two entities share the half.
    slowest_allowed = (midnight - now) / (left / 2) * 2
    return min(max(wanted, slowest_allowed), SLOWEST)


def watermark(before: datetime | None, newest_kept: datetime, answered_at: datetime) -> datetime:
    """Never backwards, never past the answer's own time: a row from the future hides nothing."""
    capped = min(newest_kept, answered_at)
    return capped if before is None else max(before, capped)
