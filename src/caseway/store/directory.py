"""The configuration as the running work asks for it: from memory, and still up to date.

A change is heard at once by NOTIFY; while nobody listens, or a notice was lost with its
connection, an answer lives a second (tokens) or five.
"""

import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeVar

import asyncpg
import structlog

from caseway.domain.connection import ChannelAccount, Connection
from caseway.domain.ids import ChannelId, ConnectionKey, OrganisationId
from caseway.domain.token import WebhookToken
from caseway.ports import NotConfigured
from caseway.store import channels, connections, tokens
from caseway.store.audit import CHANNEL, Kind
from caseway.store.reached import reached
from caseway.store.remembered import Remembered
from caseway.store.secrets import KeyTrouble, Secrets

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

T = TypeVar("T")
log = structlog.get_logger()

TOKEN_TTL: Final = timedelta(seconds=1)
TTL: Final = timedelta(seconds=5)
UNCACHED: Final = frozenset(
    {
        Kind.KEY,
        Kind.USER,
        Kind.SESSION,
        Kind.INVITATION,
        Kind.DOOR,
        Kind.CONVERSATION,
        Kind.REPLAY,
    }
)


class Directory:
    """Every lookup may raise `Later` while the store cannot be reached."""

    def __init__(
        self,
        pool: "asyncpg.Pool[asyncpg.Record]",
        secrets: Secrets,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pool = pool
        self._secrets = secrets
        self._tokens = Remembered(self._ask_token, TOKEN_TTL, clock=clock)
        self._connections = Remembered(self._ask_connection, TTL, clock=clock)
        self._channels = Remembered(self._ask_channel, TTL, clock=clock)
        self._every = Remembered(self._ask_every, TTL, clock=clock)

    async def token(self, public_name: str) -> WebhookToken | None:
        """Also one that ended: whoever asks says whether it still holds."""
        return await self._tokens.get(public_name)

    async def connection(self, key: ConnectionKey) -> Connection:
        """Raises `NotConfigured`."""
        return _there(await self._connections.get(key), "The connection was removed.")

    async def channel(self, organisation: OrganisationId, channel: ChannelId) -> ChannelAccount:
        """Raises `NotConfigured`."""
        return _there(await self._channels.get((organisation, channel)), "The channel was removed.")

    async def sweepable(self) -> Sequence[Connection]:
        """Of every organisation: whom the sweep asks."""
        every = await self._every.get(None)
        return [found for found in every if found.settings.sweeping.enabled]

    async def listen(
        self, link: "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
    ) -> None:
        """Hear of changes over this connection until it ends; it must not be behind a pooler."""
        await link.add_listener(CHANNEL, self._heard)
        link.add_termination_listener(self._ended)
        self.forget()  # what changed before we listened, nobody told us

    def forget(self) -> None:
        for memory in (self._tokens, self._connections, self._channels, self._every):
            memory.forget()

    def _heard(self, _link: object, _pid: int, _channel: str, said: object) -> None:
        kind = str(said).partition(":")[0]
        if kind == Kind.TOKEN:
            self._tokens.forget()
        elif kind == Kind.CHANNEL:
            self._channels.forget()
        elif kind not in UNCACHED:  # a connection, or what a newer release says
            self.forget()

    def _ended(self, _link: object) -> None:
        self.forget()

    async def _ask_token(self, public_name: str) -> WebhookToken | None:
        row = await reached(tokens.SQL["find"].fetchrow(self._pool, public_name=public_name))
        return None if row is None else tokens.token_of(row)

    async def _ask_connection(self, key: ConnectionKey) -> Connection | None:
        row = await reached(
            connections.SQL["one"].fetchrow(
                self._pool, organisation=key.organisation, id=key.connection
            )
        )
        return None if row is None else connections.connection_of(row, self._secrets)

    async def _ask_channel(self, key: tuple[OrganisationId, ChannelId]) -> ChannelAccount | None:
        row = await reached(
            channels.SQL["one"].fetchrow(self._pool, organisation=key[0], id=key[1])
        )
        return None if row is None else channels.channel_of(row, self._secrets)

    async def _ask_every(self, _: None) -> Sequence[Connection]:
        found = []
        for row in await reached(connections.SQL["every"].fetch(self._pool)):
            try:
                found.append(connections.connection_of(row, self._secrets))
            except KeyTrouble as trouble:  # its neighbours are swept all the same
                log.warning("connection.unreadable", connection=row["id"], reason=str(trouble))
        return found


def _there(found: T | None, otherwise: str) -> T:
    if found is None:
        raise NotConfigured(otherwise)
    return found
