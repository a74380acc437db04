"""Calls with a wrong token: counted by public name and source, never kept."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import date
from typing import Final

from caseway.ports import Later, RefusalCounts

MOST_KINDS: Final = 1_000  # a day: who guesses tokens fills neither memory nor table
EVERY_SECONDS: Final = 1.0
OTHERS: Final = ("", "others")


class Refusals:
    """Summed in memory and written once a second: figures, never truth."""

    def __init__(self, counts: RefusalCounts, today: Callable[[], date]) -> None:
        self._counts = counts
        self._today = today
        self._seen: Counter[tuple[str, str]] = Counter()
        self._kinds: set[tuple[str, str]] = set()  # of this day

    def note(self, public_name: str, source: str) -> None:
        kind = (public_name, source)
        if kind not in self._kinds:
            if len(self._kinds) >= MOST_KINDS:
                kind = OTHERS
            self._kinds.add(kind)
        self._seen[kind] += 1

    async def write(self) -> None:
        if not self._seen:
            return
        seen, self._seen = self._seen, Counter()
        try:
            await self._counts.add(seen)
        except Later:
            self._seen.update(seen)

    async def run(self) -> None:
        """Until it is cancelled; what is left then is written once more."""
        day = self._today()
        try:
            while True:
                await asyncio.sleep(EVERY_SECONDS)
                await self.write()
                if self._today() != day:
                    day = self._today()
                    self._kinds.clear()
        finally:
            await self.write()
