"""Tells open pages that something changed. A page that is slow to listen misses nothing but
repeats: a note says only *look again*.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from creatio_sandbox.records import Change

GATHERED_FOR: Final = 0.1  # seconds: many changes at once are one note


class Feed:
    def __init__(self) -> None:
        self._waiting: set[asyncio.Event] = set()
        self._closed = False

    def notice(self, changes: Sequence[Change]) -> None:
        if changes:
            self.nudge()

    def nudge(self) -> None:
        """Something that is no record changed, such as the end of a run."""
        for event in self._waiting:
            event.set()

    def close(self) -> None:
        """Ends every stream, so that a stop need not wait for open pages."""
        self._closed = True
        for event in self._waiting:
            event.set()

    @property
    def is_closed(self) -> bool:
        return self._closed

    @contextmanager
    def _listening(self) -> Iterator[asyncio.Event]:
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            yield event
        finally:
            self._waiting.discard(event)

    async def notes(self, beat: float = 15.0) -> AsyncIterator[bytes]:
        """As server-sent events; a comment now and then keeps the connection open."""
        with self._listening() as event:
            yield b"retry: 2000\n\n"
            while not self.is_closed:
                try:
                    async with asyncio.timeout(beat):
                        await event.wait()
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                event.clear()
                yield b"event: changed\ndata: look again\n\n"
                await asyncio.sleep(GATHERED_FOR)
