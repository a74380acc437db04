"""The mark: when the next look at a conversation is due. A trigger sets it, with a job."""

from typing import TYPE_CHECKING, Final

from caseway.domain.ids import ConversationKey
from caseway.store.queries import load
from caseway.store.queue import enqueue

if TYPE_CHECKING:
    from caseway.store.queries import Connection

MARK: Final = load("marks")["mark"]


async def mark(connection: "Connection", key: ConversationKey, hints: int) -> bool | None:
    """Whether the mark wants a job; None: there is no such conversation."""
    fresh: bool | None = await MARK.fetchval(
        connection, organisation=key.organisation, conversation=key.conversation, hints=hints
    )
    return fresh


async def trigger(connection: "Connection", key: ConversationKey, hints: int) -> bool:
    """The mark and its job, in the caller's transaction. False: no such conversation."""
    fresh = await mark(connection, key, hints)
    if fresh:
        await enqueue(connection, key)
    return fresh is not None
