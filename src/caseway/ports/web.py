"""What the web asks of the house: who calls, how often, and what was answered before."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from caseway.domain.connection import ChannelAccount, Connection
from caseway.domain.ids import (
    ChannelId,
    ConnectionKey,
    ConversationId,
    OrganisationId,
)
from caseway.domain.scopes import Scope
from caseway.domain.secret import Secret
from caseway.domain.token import WebhookToken


class Directory(Protocol):
    """The configuration as it is now, of what is known to exist. May raise `Later`."""

    async def token(self, public_name: str) -> WebhookToken | None:
        """Also one that ended: whoever asks says whether it still holds."""

    async def connection(self, key: ConnectionKey) -> Connection: ...

    async def channel(self, organisation: OrganisationId, channel: ChannelId) -> ChannelAccount: ...


class KeyHolder(Protocol):
    """Whoever showed a right API key."""

    @property
    def organisation(self) -> OrganisationId: ...

    @property
    def public_name(self) -> str: ...

    @property
    def scopes(self) -> frozenset[Scope]: ...


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as people see it: by its public name, never itself."""

    id: UUID
    name: str
    public_name: str
    scopes: frozenset[Scope]
    created_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None
    last_used_from: str  # an address


class ApiKeys(Protocol):
    async def holder(self, shown: str, source: str) -> KeyHolder | None:
        """Who shows this key; None for a wrong, revoked or malformed one."""

    async def list(self, organisation: OrganisationId) -> Sequence[ApiKey]:
        """The newest first, revoked ones too."""

    async def create(
        self, organisation: OrganisationId, name: str, scopes: frozenset[Scope], *, actor: str
    ) -> Secret:
        """The key, for the only time. Raises `Refused` if one of this name is in use."""

    async def revoke(self, organisation: OrganisationId, name: str, *, actor: str) -> None:
        """By its name or public name, at once. Raises `NotConfigured`."""


class RefusalCounts(Protocol):
    async def add(self, refusals: Mapping[tuple[str, str], int]) -> None:
        """Webhook calls with a wrong token since the last time, by (public name, source)."""


@dataclass(frozen=True, slots=True)
class Answered:
    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Reservation:
    """What is known of an idempotency key once it is reserved."""

    same_request: bool  # False: the key was used for another one
    taken_up: bool  # somebody reserved it before, and left no answer
    since: datetime  # when it was reserved first
    busy: bool  # that was a moment ago: the answer may yet come
    answer: Answered | None  # the first one's, once there is one


class Repeats(Protocol):
    """Reserved before the effect, completed after it. A reservation that was never completed is
    taken up by the repeat, so every effect under a key must recognise its own trace.
    """

    async def reserve(
        self, organisation: OrganisationId, key: str, route: str, fingerprint: bytes
    ) -> Reservation: ...

    async def complete(
        self, organisation: OrganisationId, key: str, answer: Answered
    ) -> Answered: ...

    async def release(self, organisation: OrganisationId, key: str) -> None:
        """Nothing came of it: the key may be used again."""


@dataclass(frozen=True, slots=True)
class Limit:
    """So many in so long a time, counted in windows that begin with their first."""

    subject: str
    most: int
    window: timedelta


class Rates(Protocol):
    async def take(
        self, organisation: OrganisationId, limits: Sequence[Limit]
    ) -> tuple[Limit, timedelta] | None:
        """Count one under every limit; or, counting none, the one that is full and its wait."""


class Wakes(Protocol):
    @property
    def is_listening(self) -> bool:
        """False: nothing is heard now, so who waits looks for themselves."""

    async def follow(self, woken: Callable[[ConversationId | None], None]) -> None:
        """Calls for each conversation that changed, None after anything may have been missed.

        Runs until it is cancelled.
        """
