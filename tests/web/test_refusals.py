"""Who guesses tokens fills neither memory nor table."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import date

from caseway.web.receiver.refusals import MOST_KINDS, OTHERS, Refusals

MONDAY, TUESDAY = date(2026, 5, 4), date(2026, 5, 5)


class Kept:
    def __init__(self) -> None:
        self.kinds: Counter[tuple[str, str]] = Counter()

    async def add(self, seen: Mapping[tuple[str, str], int]) -> None:
        self.kinds.update(seen)


async def test_a_day_has_a_bounded_number_of_kinds() -> None:
    kept = Kept()
    refusals = Refusals(kept, lambda: MONDAY)
    for guess in range(3 * MOST_KINDS):
        refusals.note(f"{guess:08}", "198.51.100.1")
        if guess % 100 == 0:
            await refusals.write()
    refusals.note("00000000", "198.51.100.1")
    await refusals.write()
    assert len(kept.kinds) == MOST_KINDS + 1
    assert kept.kinds[OTHERS] == 2 * MOST_KINDS
    assert kept.kinds[("00000000", "198.51.100.1")] == 2


async def test_the_next_day_begins_anew() -> None:
    kept, days = Kept(), [MONDAY]
    refusals = Refusals(kept, lambda: days[-1])
    running = asyncio.create_task(refusals.run())
    for guess in range(MOST_KINDS):
        refusals.note(f"{guess:08}", "")
    await asyncio.sleep(0)  # it begins on Monday
    days.append(TUESDAY)
    async with asyncio.timeout(30):
        while not kept.kinds[("newcomer", "")]:
            refusals.note("newcomer", "")
            await asyncio.sleep(0.05)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
