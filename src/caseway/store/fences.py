"""The fence: every write of a run names its epoch, and a run that lost its lease writes nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final
from uuid import UUID

import asyncpg

from caseway.domain.ids import ConversationKey
from caseway.ports import Claimed, FencedOut
from caseway.store.queries import load

if TYPE_CHECKING:
    from caseway.store.queries import Connection

FENCE: Final = load("looks")["fence"]


def where(key: ConversationKey) -> dict[str, UUID]:
    return {"organisation": key.organisation, "conversation": key.conversation}


def fence(claimed: Claimed) -> dict[str, object]:
    return {**where(claimed.key), "epoch": claimed.epoch}


@asynccontextmanager
async def fenced(
    pool: "asyncpg.Pool[asyncpg.Record]", claimed: Claimed
) -> AsyncIterator[tuple["Connection", asyncpg.Record]]:
    """A transaction that holds the conversation's row. Raises `FencedOut`."""
    async with pool.acquire() as connection, connection.transaction():
        row = await FENCE.fetchrow(connection, **fence(claimed))
        if row is None:
            raise FencedOut(claimed.key)
        yield connection, row
