"""Creatio instances and their webhook URLs, as settings pages read and change them. Every change
leaves an audit entry and is heard in all processes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from caseway.domain.connection import Auth, Connection, ConnectionSettings, Platform
from caseway.domain.ids import ConnectionId, ConnectionKey, OrganisationId
from caseway.domain.secret import Secret


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a connection should be."""

    name: str
    base_url: str
    auth: Auth
    login: str
    secret: Secret
    identity_url: str = ""
    platform: Platform = Platform.DETECT
    settings: ConnectionSettings = field(default_factory=ConnectionSettings)
    # Of the connection that was looked at, 0 if there was none; None: whatever it is now.
    version: int | None = None


class ListedConnection(Protocol):
    """A connection and how it fares."""

    @property
    def connection(self) -> Connection: ...
    @property
    def trouble(self) -> str | None: ...
    @property
    def trouble_since(self) -> datetime | None: ...
    @property
    def last_success_at(self) -> datetime | None: ...


class ConnectionBook(Protocol):
    async def list(self, organisation: OrganisationId) -> Sequence[ListedConnection]:
        """By name."""

    async def put(
        self,
        organisation: OrganisationId,
        wanted: Wanted,
        *,
        actor: str,
        trouble: str | None = None,
    ) -> tuple[Connection, str]:
        """Add the one of this name, or change it. `trouble`: why it is known not to work; empty:
        it is known to work; None: nothing is known.
        """


class ListedToken(Protocol):
    """A token of the webhook's URL, by its public name."""

    @property
    def public_name(self) -> str: ...
    @property
    def connection(self) -> ConnectionId: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def expires_at(self) -> datetime | None: ...
    @property
    def revoked_at(self) -> datetime | None: ...
    @property
    def last_used_at(self) -> datetime | None: ...


class WebhookTokens(Protocol):
    async def current(self, key: ConnectionKey) -> Secret | None: ...

    async def ensure(self, key: ConnectionKey, *, actor: str) -> Secret:
        """The token in use, made if there is none. Raises `NotConfigured`."""

    async def rotate(self, key: ConnectionKey, *, grace: timedelta, actor: str) -> Secret:
        """A new one at once; the old one holds for the grace period. Raises `NotConfigured`."""

    async def revoke(self, organisation: OrganisationId, public_name: str, *, actor: str) -> None:
        """At once. Raises `NotConfigured`."""

    async def list(self, organisation: OrganisationId) -> Sequence[ListedToken]:
        """The newest first, ended ones too."""
