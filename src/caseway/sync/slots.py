"""One slow neighbour stops nobody: at most so many runs at a time for each connection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from caseway.domain.ids import ConnectionId


class NoSlot(Exception):
    """The connection has all the runs it may have, and enough that wait for one."""


@dataclass(slots=True)
class _Queue:
    free: asyncio.Semaphore
    waiting: int = 0


@dataclass(slots=True)
class Slots:
    at_once: int
    may_wait: int
    _queues: dict[ConnectionId, _Queue] = field(default_factory=dict)

    @asynccontextmanager
    async def take(self, connection: ConnectionId) -> AsyncIterator[None]:
        """Raise `NoSlot` rather than let one connection's runs hold up the others'."""
        queue = self._queues.get(connection)
        if queue is None:
            queue = self._queues[connection] = _Queue(asyncio.Semaphore(self.at_once))
        if queue.free.locked():
            if queue.waiting >= self.may_wait:
                raise NoSlot
            queue.waiting += 1
            try:
                await queue.free.acquire()
            finally:
                queue.waiting -= 1
        else:
            await queue.free.acquire()
        try:
            yield
        finally:
            queue.free.release()
