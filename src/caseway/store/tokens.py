"""Tokens of the webhook's address: made, shown, replaced, revoked."""

import secrets as chance
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

import asyncpg

from caseway.domain import token as form
from caseway.domain.ids import ConnectionId, ConnectionKey, OrganisationId
from caseway.domain.secret import Secret
from caseway.domain.token import WebhookToken
from caseway.ports import NotConfigured
from caseway.store.audit import BY_COMMAND, Kind, record
from caseway.store.queries import load
from caseway.store.secrets import Secrets
from caseway.store.transactions import transaction

if TYPE_CHECKING:
    from caseway.store.queries import Connection as Link

SQL: Final = load("tokens")
LOCK: Final = load("connections")["lock"]
GRACE: Final = timedelta(hours=24)
AT_ONCE: Final = timedelta(0)


@dataclass(frozen=True, slots=True)
class Listed:
    """A token as people see it: by its public name."""

    public_name: str
    connection: ConnectionId
    connection_name: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


def new_token(prefix: str) -> tuple[Secret, form.Presented]:
    """A token, and what is kept of it in the clear."""
    text = form.compose(prefix, chance.choice, chance.token_urlsafe(32))
    return Secret(text), form.Presented(form.public_name(text), form.digest(text))


def signing_secret() -> Secret:
    """As Standard Webhooks writes them: `whsec_` and base64 of 32 bytes."""
    return Secret(f"whsec_{b64encode(chance.token_bytes(32)).decode()}")


class Tokens:
    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", secrets: Secrets) -> None:
        self._pool = pool
        self._secrets = secrets

    async def current(self, key: ConnectionKey) -> Secret | None:
        """The token in use; None if every one was revoked or none was made yet."""
        async with transaction(self._pool, key.organisation) as link:
            row = await _current(link, key)
        return None if row is None else self._secrets.decrypt(row["secret"])

    async def ensure(self, key: ConnectionKey, *, actor: str = BY_COMMAND) -> Secret:
        """The token in use, made if there is none. Raises `NotConfigured`."""
        async with transaction(self._pool, key.organisation) as link:
            name = await _lock(link, key)
            row = await _current(link, key)
            if row is not None:
                return self._secrets.decrypt(row["secret"])
            token, _ = await self._make(link, key, name, actor)
            return token

    async def rotate(
        self, key: ConnectionKey, *, grace: timedelta = GRACE, actor: str = BY_COMMAND
    ) -> Secret:
        """A new token at once; the old one holds for the grace period (`AT_ONCE`: not at all).

        Raises `NotConfigured`.
        """
        async with transaction(self._pool, key.organisation) as link:
            name = await _lock(link, key)
            token, successor = await self._make(link, key, name, actor)
            replaced = await SQL["replace"].fetch(
                link,
                organisation=key.organisation,
                connection=key.connection,
                successor=successor,
                grace=grace,
            )
            for row in replaced:
                await record(
                    link,
                    key.organisation,
                    actor=actor,
                    action="replaced" if grace > AT_ONCE else "revoked",
                    kind=Kind.TOKEN,
                    id=row["public_name"],
                    after={"grace": grace},
                )
            return token

    async def _make(
        self, link: "Link", key: ConnectionKey, name: str, actor: str
    ) -> tuple[Secret, UUID]:
        token, shown = new_token(form.WEBHOOK)
        made = uuid4()
        await SQL["insert"].execute(
            link,
            organisation=key.organisation,
            id=made,
            connection=key.connection,
            public_name=shown.public_name,
            digest=shown.digest,
            secret=self._secrets.encrypt(token),
        )
        await record(
            link,
            key.organisation,
            actor=actor,
            action="made",
            kind=Kind.TOKEN,
            id=shown.public_name,
            after={"connection": name},
        )
        return token, made

    async def revoke(
        self, organisation: OrganisationId, public_name: str, *, actor: str = BY_COMMAND
    ) -> None:
        """At once: a call that is being kept this instant is refused as well.

        Raises `NotConfigured` if there is none of this public name in use.
        """
        async with transaction(self._pool, organisation) as link:
            row = await SQL["revoke"].fetchrow(
                link, organisation=organisation, public_name=public_name
            )
            if row is None:
                raise NotConfigured(f"There is no token {public_name} in use.")
            await record(
                link, organisation, actor=actor, action="revoked", kind=Kind.TOKEN, id=public_name
            )

    async def list(self, organisation: OrganisationId) -> Sequence[Listed]:
        """The newest first, revoked ones too."""
        async with transaction(self._pool, organisation) as link:
            found = await SQL["list"].fetch(link, organisation=organisation)
        return [
            Listed(
                public_name=row["public_name"],
                connection=ConnectionId(row["connection_id"]),
                connection_name=row["connection_name"],
                created_at=row["created_at"],
                expires_at=row["expires_at"],
                revoked_at=row["revoked_at"],
                last_used_at=row["last_used_at"],
            )
            for row in found
        ]


async def _lock(link: "Link", key: ConnectionKey) -> str:
    """One at a time per connection: of two rotations the later one ends the earlier's token.

    The connection's name.
    """
    row = await LOCK.fetchrow(link, organisation=key.organisation, id=key.connection)
    if row is None:
        raise NotConfigured("The connection was removed.")
    name: str = row["name"]
    return name


async def _current(link: "Link", key: ConnectionKey) -> asyncpg.Record | None:
    return await SQL["current"].fetchrow(
        link, organisation=key.organisation, connection=key.connection
    )


def token_of(row: asyncpg.Record) -> WebhookToken:
    return WebhookToken(
        organisation=OrganisationId(row["organisation_id"]),
        connection=ConnectionId(row["connection_id"]),
        id=row["id"],
        public_name=row["public_name"],
        digest=row["digest"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
    )
