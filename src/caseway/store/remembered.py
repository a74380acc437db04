"""Remembers answers for a while, and never one that was out of date when it came."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

MOST: int = 10_000


class Remembered(Generic[K, V]):
    """Asks once for all who wait for the same key; `forget` is heard even by a running ask.

    A failure is nobody's answer but the asker's: the next one asks again.
    """

    def __init__(
        self,
        ask: Callable[[K], Awaitable[V]],
        ttl: timedelta,
        *,
        clock: Callable[[], float] = time.monotonic,
        most: int = MOST,
    ) -> None:
        self._ask = ask
        self._ttl_s = ttl.total_seconds()
        self._clock = clock
        self._most = most  # strangers choose keys: what they make us keep has an end
        self._known: dict[K, tuple[float, V]] = {}
        self._asking: dict[K, asyncio.Event] = {}
        self._forgotten = 0

    async def get(self, key: K) -> V:
        while True:
            found = self._known.get(key)
            if found is not None and self._clock() < found[0]:
                return found[1]
            asking = self._asking.get(key)
            if asking is None:
                return await self._learn(key)
            await asking.wait()

    async def _learn(self, key: K) -> V:
        done = self._asking[key] = asyncio.Event()
        forgotten, began = self._forgotten, self._clock()
        try:
            value = await self._ask(key)
            # An answer that a change overtook serves who asked before the change, nobody else.
            if forgotten == self._forgotten:
                self._make_room()
                self._known[key] = (began + self._ttl_s, value)
            return value
        finally:
            del self._asking[key]
            done.set()

    def _make_room(self) -> None:
        if len(self._known) < self._most:
            return
        now = self._clock()
        self._known = {key: kept for key, kept in self._known.items() if now < kept[0]}
        if len(self._known) >= self._most:
            self._known = {}

    def forget(self) -> None:
        """All of it: something changed, or we may not have heard that it did."""
        self._forgotten += 1
        self._known.clear()
