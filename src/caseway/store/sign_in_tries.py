"""How often somebody tried to sign in, before anybody knows whose organisation it is."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import asyncpg

from caseway.domain.source import neighbourhood
from caseway.store.queries import load
from caseway.store.reached import reached

SQL: Final = load("sign_in_tries")
FORGET: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Patience:
    """So many are free; after each further one the wait is twice as long, to an end."""

    free: int
    first_s: float = 10
    longest_s: float = 300


OF_EMAIL: Final = Patience(5)
OF_SOURCE: Final = Patience(20)  # an office has one address


class Full(Exception):
    """Takes back what the transaction has counted so far."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__()
        self.wait = wait


class PostgresSignInTries:
    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def take(self, email: str, source: str) -> timedelta | None:
        return await reached(self._take(email, source))

    async def _take(self, email: str, source: str) -> timedelta | None:
        try:
            async with self._pool.acquire() as link, link.transaction():
                await SQL["forget"].execute(link, older=FORGET)
                # In one order for everybody, or two could wait for each other.
                await _count(link, _email_subject(email), OF_EMAIL)
                if source:
                    await _count(link, _source_subject(source), OF_SOURCE)
        except Full as full:
            return full.wait
        return None

    async def succeeded(self, email: str, source: str) -> None:
        await reached(SQL["succeeded"].execute(self._pool, subject=_email_subject(email)))
        await reached(SQL["give_back"].execute(self._pool, subject=_source_subject(source)))


async def _count(
    link: "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]",
    subject: str,
    patience: Patience,
) -> None:
    known = {
        "subject": subject,
        "free": patience.free,
        "first_s": patience.first_s,
        "longest_s": patience.longest_s,
    }
    if await SQL["take"].fetchval(link, **known, forget=FORGET) is None:
        raise Full(await SQL["left"].fetchval(link, **known))


def _source_subject(source: str) -> str:
    return f"source:{neighbourhood(source)}"


def _email_subject(email: str) -> str:
    """Addresses of people who never were here are not written down."""
    return f"email:{hashlib.sha256(email.strip().lower().encode()).hexdigest()}"
