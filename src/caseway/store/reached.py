"""What asyncpg raises when the store is away becomes `Later`, which every caller knows."""

import logging
from collections.abc import Awaitable
from typing import Final, TypeVar

import asyncpg

from caseway.ports import Later

T = TypeVar("T")
UNREACHED: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
# Of these, what no statement of ours is the reason of.
AWAY: Final = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # of a connection that was cut in the middle of a question
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InsufficientResourcesError,  # no connection left, no room on its disk
    asyncpg.ReadOnlySQLTransactionError,  # a standby, or set so before its disk is full
)


def tell_briefly() -> None:
    """While the store is away the libraries that talk to it say so each time at length, as of a
    fault of theirs: one line is enough. Twice is as once.
    """
    for talks_to_it in ("asyncpg.pool", "pgqueuer"):
        logging.getLogger(talks_to_it).addFilter(_briefly)


def _briefly(record: logging.LogRecord) -> bool:
    kind = record.exc_info[0] if record.exc_info else None
    if kind is not None and issubclass(kind, AWAY):
        record.msg = f"{record.msg} ({kind.__name__})"
        record.exc_info = None
    return True


async def reached(asked: Awaitable[T]) -> T:
    """For a question: nothing was changed, so nothing may have been taken."""
    try:
        return await asked
    except UNREACHED as failure:
        reason = f"the store cannot be reached ({type(failure).__name__})"
        raise Later(reason, maybe_taken=False) from failure
