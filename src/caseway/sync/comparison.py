"""Once a night, all open cases against Creatio's: finds what showed up too late for a sweep."""

from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from caseway.domain.remote import Listing
from caseway.domain.sweeping import may_compare, next_night
from caseway.ports import (
    CASES_AT_ONCE,
    CallCounter,
    FencedOut,
    Later,
    Never,
    SweepClaim,
    Sweeps,
    Ticketing,
)

log = structlog.get_logger()

PORTIONS: Final = 10  # then the connection's sweeps have their turn
NOTHING: Final = Listing({}, {})
SOON: Final = timedelta(0)
AFTER_TROUBLE: Final = timedelta(minutes=5)
TOO_DEAR: Final = "Half of the day's calls are used: the next night goes on from there."


async def compare(
    claim: SweepClaim,
    sweeps: Sweeps,
    creatio: Ticketing,
    *,
    calls_a_day: int | None,
    calls: CallCounter,
) -> int:
    """Some portions of this night's comparison; how many conversations are looked at again."""
    trouble, marked, pause = None, 0, SOON
    try:
        for _ in range(PORTIONS):
            if not may_compare(calls_a_day=calls_a_day, used_today=calls.used_today()):
                trouble, pause = TOO_DEAR, _until_tonight(claim)
                break
            found, at_end = await _portion(claim, sweeps, creatio)
            marked += found
            if at_end:
                pause = _until_tonight(claim)
                break
    except (Later, Never) as failure:
        trouble, pause = str(failure), AFTER_TROUBLE
    except FencedOut:
        return 0
    if marked:
        log.warning("comparison.differed", conversations=marked)
    await sweeps.release(claim, next_in=pause, trouble=trouble)
    return marked


async def _portion(claim: SweepClaim, sweeps: Sweeps, creatio: Ticketing) -> tuple[int, bool]:
    cases = await sweeps.open_cases(claim, CASES_AT_ONCE)
    if not cases:
        await sweeps.compared(claim, (), NOTHING)
        return 0, True
    listing = await creatio.listing([one.case for one in cases])
    return await sweeps.compared(claim, cases, listing), False


def _until_tonight(claim: SweepClaim) -> timedelta:
    return next_night(claim.connection.connection, now=datetime.now(tz=UTC))
