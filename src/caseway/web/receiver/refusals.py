"""Calls with a wrong token: counted by public name and source, never kept."""

import asyncio
from collections import Counter
from typing import Final

from caseway.ports import Later, RefusalCounts

MOST_KINDS: Final = 1_000  # who guesses tokens fills no memory
EVERY_SECONDS: Final = 1.0
OTHERS: Final = ("", "others")


class Refusals:
    """Summed in memory and written once a second: figures, never truth."""

    def __init__(self, counts: RefusalCounts) -> None:
        self._counts = counts
        self._seen: Counter[tuple[str, str]] = Counter()

    def note(self, public_name: str, source: str) -> None:
        kind = (public_name, source)
        if kind not in self._seen and len(self._seen) >= MOST_KINDS:
            kind = OTHERS
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
        try:
            while True:
                await asyncio.sleep(EVERY_SECONDS)
                await self.write()
        finally:
            await self.write()
