"""What asyncpg raises when the store is away becomes `Later`, which every caller knows."""

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
)


async def reached(asked: Awaitable[T]) -> T:
    """For a question: nothing was changed, so nothing may have been taken."""
    try:
        return await asked
    except UNREACHED as failure:
        reason = f"the store cannot be reached ({type(failure).__name__})"
        raise Later(reason, maybe_taken=False) from failure
