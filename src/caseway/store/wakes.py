"""Hears which conversations changed, over one connection of its own, and comes back when it ends.

LISTEN does not work behind a pooler in transaction mode: the address is the direct one.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final
from uuid import UUID

import asyncpg
import structlog

from caseway.domain.ids import ConversationId
from caseway.store.reached import UNREACHED
from caseway.store.roles import Role

log = structlog.get_logger()
CHANNEL: Final = "caseway_pages"
CONNECT_WITHIN: Final = timedelta(seconds=5)
PAUSE: Final = timedelta(seconds=2)
PROBE_EVERY: Final = timedelta(seconds=10)  # a connection can die without a word


class PostgresWakes:
    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self.is_listening = False

    async def follow(self, woken: Callable[[ConversationId | None], None]) -> None:
        while True:
            try:
                await self._listen(woken)
            except UNREACHED as failure:
                log.warning("wakes.lost", reason=type(failure).__name__)
            await asyncio.sleep(PAUSE.total_seconds())

    async def _listen(self, woken: Callable[[ConversationId | None], None]) -> None:
        link = await asyncpg.connect(
            self._dsn,
            timeout=CONNECT_WITHIN.total_seconds(),
            server_settings={"role": str(Role.WEB)},
        )
        ended = asyncio.Event()
        try:
            link.add_termination_listener(lambda _: ended.set())
            await link.add_listener(CHANNEL, lambda *said: woken(_named(said[3])))
            self.is_listening = True
            woken(None)  # what changed before we listened, nobody told us
            while not ended.is_set():
                await link.execute("SELECT 1", timeout=CONNECT_WITHIN.total_seconds())
                try:
                    async with asyncio.timeout(PROBE_EVERY.total_seconds()):
                        await ended.wait()
                except TimeoutError:
                    continue
        finally:
            self.is_listening = False
            # Not `close`: a server that does not answer would hold us up.
            link.terminate()


def _named(said: object) -> ConversationId | None:
    try:
        return ConversationId(UUID(str(said)))
    except ValueError:
        return None
