"""Jobs, in the same database as their reasons. A job carries a conversation's key and no content.

PgQueuer keeps them; this is the only module that writes any. What must hold around it is said
in docs/decisions/: retries are new jobs (never `RetryRequested`), a job that raises is deleted.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from pgqueuer.adapters.persistence.qb import QueryQueueBuilder
from pgqueuer.domain.settings import DBSettings, Durability

from caseway.domain.ids import ConversationKey

if TYPE_CHECKING:
    from caseway.store.queries import Connection

SETTINGS: Final = DBSettings(db_schema="queue", durability=Durability.balanced)
AT_ONCE: Final = timedelta(0)
LOOK: Final = "look"  # the one kind of job
ENQUEUE: Final = QueryQueueBuilder(settings=SETTINGS).build_enqueue_query("raise")


async def enqueue(
    connection: "Connection", key: ConversationKey, *, delay: timedelta = AT_ONCE
) -> None:
    """Owe a look at `key`, in the caller's transaction, not before `delay` is over."""
    await connection.execute(ENQUEUE, [0], [LOOK], [key.to_bytes()], [delay], [None], ["null"])


async def enqueue_all(
    connection: "Connection",
    keys: Sequence[ConversationKey],
    *,
    delays: Sequence[timedelta] | None = None,
) -> None:
    if not keys:
        return
    many = len(keys)
    await connection.execute(
        ENQUEUE,
        [0] * many,
        [LOOK] * many,
        [key.to_bytes() for key in keys],
        list(delays) if delays is not None else [AT_ONCE] * many,
        [None] * many,
        ["null"] * many,
    )
