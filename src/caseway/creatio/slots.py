"""One slow neighbour stops nobody: at most so many calls at a time to one Creatio."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from caseway.ports import Later

COME_BACK: Final = timedelta(seconds=1)


class Slots:
    """Whoever finds no slot, and enough that wait for one, comes back in a second."""

    def __init__(self, at_once: int, *, may_wait: int) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._may_wait = may_wait
        self._waiting = 0

    @asynccontextmanager
    async def take(self, *, within_seconds: float) -> AsyncIterator[None]:
        """Raise `Later` rather than hold up the runs of other connections."""
        if self._free.locked():
            if self._waiting >= self._may_wait:
                raise _busy()
            self._waiting += 1
            try:
                async with asyncio.timeout(max(within_seconds, 0.0)):
                    await self._free.acquire()
            except TimeoutError:
                raise _busy() from None
            finally:
                self._waiting -= 1
        else:
            await self._free.acquire()
        try:
            yield
        finally:
            self._free.release()


def _busy() -> Later:
    return Later(
        "as many calls to Creatio as allowed are under way",
        maybe_taken=False,
        retry_after=COME_BACK,
    )
