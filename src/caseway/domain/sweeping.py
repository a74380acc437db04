"""How often to ask Creatio what changed: often while nothing else tells us, within the budget."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from caseway.domain.connection import Sweeping

ACTIVITY: Final = "Activity"
CASE: Final = "Case"
OPEN_CASES: Final = "OpenCases"  # once a night all of them are compared

WITHOUT_WEBHOOKS: Final = {ACTIVITY: timedelta(seconds=30), CASE: timedelta(seconds=60)}
WITH_WEBHOOKS: Final = timedelta(minutes=2)
FASTEST: Final = timedelta(seconds=1)
SLOWEST: Final = timedelta(hours=1)
RESERVE: Final = 0.05  # the last part of the day's calls is kept for replies
SHARES: Final = {ACTIVITY: 2 / 3, CASE: 1 / 3}  # of what sweeps may use of the day's calls
NIGHT: Final = timedelta(hours=2)  # after midnight, UTC
SPREAD: Final = timedelta(hours=2)  # not every connection at the same minute
OVERLAP: Final = timedelta(minutes=5)  # Creatio ends a request after two
SKEW: Final = timedelta(minutes=1)


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
    wanted = pause(entity, chosen=chosen, webhooks_work=webhooks_work and not just_missed)
    if calls_a_day is None:
        return wanted
    left = _left(calls_a_day, used_today)
    until_midnight = midnight(now) - now
    if left < 1:
        return min(until_midnight, SLOWEST)
    slowest_allowed = until_midnight / (left / 2 * SHARES[entity])
    return min(max(wanted, slowest_allowed), SLOWEST)


def pause(entity: str, *, chosen: timedelta | None, webhooks_work: bool) -> timedelta:
    """As long as the day's calls allow it."""
    if chosen is not None:
        return min(max(chosen, FASTEST), SLOWEST)
    return WITH_WEBHOOKS if webhooks_work else WITHOUT_WEBHOOKS[entity]


def in_words(pause: timedelta) -> str:
    seconds = pause.total_seconds()
    return f"{seconds / 60:g} min" if seconds >= 60 else f"{seconds:g} s"


def without_webhooks(sweeping: Sweeping) -> str:
    """How replies come where Creatio does not call, said of one connection."""
    if not sweeping.enabled:
        return "no reply comes, since the sweep is off"
    later = in_words(pause(ACTIVITY, chosen=sweeping.interval, webhooks_work=False))
    return f"replies come by the sweep, up to {later} later"


def may_sweep(*, calls_a_day: int | None, used_today: int) -> bool:
    """False: only the reserve is left, and a reply that a webhook tells of comes before."""
    return calls_a_day is None or _left(calls_a_day, used_today) >= 1


def may_compare(*, calls_a_day: int | None, used_today: int) -> bool:
    """Comparing goes on until half of the day's calls are used; the next night goes on there."""
    return calls_a_day is None or used_today < calls_a_day / 2


def next_night(connection: UUID, *, now: datetime) -> timedelta:
    """Until the next comparison of a connection's open cases: each has its own minute."""
    after_midnight = NIGHT + SPREAD * (connection.int % 1000 / 1000)
    at = midnight(now) - timedelta(days=1) + after_midnight
    return (at if at > now else at + timedelta(days=1)) - now


def overlap(stamps_off: timedelta) -> timedelta:
    """How far a sweep reaches back: a row stamped before the watermark may commit after it.

    `stamps_off`: how far a row's own stamp was from the clock that answered (an instance that
    labels its local time as UTC); within a minute it is nothing but the way there and back.
    """
    off = abs(stamps_off)
    return OVERLAP if off <= SKEW else OVERLAP + off


def _left(calls_a_day: int, used_today: int) -> float:
    return calls_a_day * (1 - RESERVE) - used_today


def midnight(now: datetime) -> datetime:
    """The next one, UTC: Creatio's calls are counted anew."""
    return (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)


def watermark(before: datetime | None, newest_kept: datetime, answered_at: datetime) -> datetime:
    """Never backwards, never past the answer's own time: a row from the future hides nothing."""
    capped = min(newest_kept, answered_at)
    return capped if before is None else max(before, capped)
