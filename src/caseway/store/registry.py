"""The configuration that the database keeps, by subject. Every change leaves an audit entry."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self
from uuid import uuid4

import asyncpg

from caseway.domain.ids import OrganisationId
from caseway.store import channels, connections, tokens
from caseway.store.channels import Channels
from caseway.store.connections import Connections
from caseway.store.keys import Keys
from caseway.store.queries import load
from caseway.store.secrets import Secrets
from caseway.store.tokens import Tokens

if TYPE_CHECKING:
    from caseway.store.queries import Connection as Link

SQL: Final = load("connections")
DEFAULT: Final = "default"


async def ensure_organisation(owner: "Link", name: str = DEFAULT) -> OrganisationId:
    """Only the owner of the tables makes organisations: the two roles may just read them."""
    await SQL["make_organisation"].execute(owner, id=uuid4(), name=name)
    return OrganisationId(await SQL["organisation_named"].fetchval(owner, name=name))


@dataclass(frozen=True, slots=True)
class Registry:
    """Each subject runs under either role; what is of every organisation, as `caseway_sync`."""

    connections: Connections
    channels: Channels
    keys: Keys
    tokens: Tokens
    _pool: "asyncpg.Pool[asyncpg.Record]"
    _secrets: Secrets

    @classmethod
    def over(cls, pool: "asyncpg.Pool[asyncpg.Record]", secrets: Secrets) -> Self:
        return cls(
            connections=Connections(pool, secrets),
            channels=Channels(pool, secrets),
            keys=Keys(pool),
            tokens=Tokens(pool, secrets),
            _pool=pool,
            _secrets=secrets,
        )

    async def organisation(self, name: str = DEFAULT) -> OrganisationId | None:
        found = await SQL["organisation_named"].fetchval(self._pool, name=name)
        return None if found is None else OrganisationId(found)

    async def rewrite_secrets(self) -> int:
        """Every secret under the newest key, all or none; how many there are.

        Raises `KeyTrouble` if one was written with a key that is not here.
        """
        rewritten = 0
        async with self._pool.acquire() as link, link.transaction():
            for select, rewrite in (
                (connections.SQL["secrets"], connections.SQL["rewrite"]),
                (channels.SQL["secrets"], channels.SQL["rewrite"]),
                (channels.SQL["former_secrets"], channels.SQL["rewrite_former"]),
                (tokens.SQL["secrets"], tokens.SQL["rewrite"]),
            ):
                rows = await select.fetch(link)
                await rewrite.executemany(
                    link,
                    [{**row, "secret": self._secrets.rotate(row["secret"])} for row in rows],
                )
                rewritten += len(rows)
        return rewritten
