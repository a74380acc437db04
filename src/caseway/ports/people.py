"""Who may come in: people, their sign-ins, the links by which they join. May raise `Later`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from caseway.domain.actor import Actor
from caseway.domain.ids import OrganisationId
from caseway.domain.roles import Role
from caseway.domain.secret import Secret
from caseway.ports.failures import Never


class LastOwner(Never):
    """Somebody has to be able to do everything: the last owner stays one."""


class AddressTaken(Never):
    """Somebody signs in with this address already."""


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody who says who they are; not yet believed."""

    organisation: OrganisationId
    id: UUID
    name: str
    role: Role
    password: Secret | None  # its Argon2 hash


@dataclass(frozen=True, slots=True)
class Person:
    id: UUID
    email: str
    name: str
    role: Role
    has_password: bool
    created_at: datetime
    disabled_at: datetime | None
    last_seen_at: datetime | None
    sessions: int


class Users(Protocol):
    async def known(self, email: str) -> Known | None:
        """Whoever's organisation; None for a stranger, and for who was disabled."""

    async def of_id(self, organisation: OrganisationId, user: UUID) -> Known | None: ...

    async def list(self, organisation: OrganisationId) -> Sequence[Person]:
        """By name; disabled ones last."""

    async def join(
        self, organisation: OrganisationId, *, email: str, name: str, role: Role, source: str
    ) -> Known | None:
        """Somebody whom the operator lets join without an invitation. None: the address is taken,
        which it is by who was disabled, too.
        """

    async def set_role(
        self, organisation: OrganisationId, user: UUID, role: Role, *, actor: Actor
    ) -> bool:
        """Ends their sessions. False: there is nobody of this id. Raises `LastOwner`."""

    async def disable(self, organisation: OrganisationId, user: UUID, *, actor: Actor) -> bool:
        """Ends their sessions and their links. As `set_role`."""

    async def enable(self, organisation: OrganisationId, user: UUID, *, actor: Actor) -> bool: ...

    async def set_password(
        self, organisation: OrganisationId, user: UUID, password: Secret, *, actor: Actor
    ) -> None:
        """Its hash. Ends all their sessions: whoever knew the old one is out."""

    async def set_theme(self, organisation: OrganisationId, user: UUID, theme: str) -> None: ...


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who shows a right session token. Whether it still holds, the asker says."""

    organisation: OrganisationId
    session: UUID
    last_seen_at: datetime
    expires_at: datetime
    user: UUID
    email: str
    name: str
    role: Role
    theme: str
    zone: tzinfo  # of the organisation's oldest connection; UTC while there is none


@dataclass(frozen=True, slots=True)
class OpenSession:
    id: UUID
    source: str
    agent: str
    created_at: datetime
    last_seen_at: datetime


class Sessions(Protocol):
    async def begin(
        self, organisation: OrganisationId, user: UUID, *, agent: str, actor: Actor
    ) -> Secret:
        """The token, for the only time."""

    async def holder(self, shown: str) -> SignedIn | None:
        """None for a wrong, ended or malformed one, and for who was disabled."""

    async def note_seen(self, who: SignedIn) -> None: ...

    async def of(self, organisation: OrganisationId, user: UUID) -> Sequence[OpenSession]:
        """Those that hold, the one used last first."""

    async def end(
        self, organisation: OrganisationId, user: UUID, session: UUID, *, actor: Actor
    ) -> bool:
        """One of this person's. False: there is none of this id."""

    async def end_all(
        self, organisation: OrganisationId, user: UUID, *, actor: Actor, but: UUID | None = None
    ) -> int: ...


class LinkKind(StrEnum):
    FIRST = "first"  # makes an owner while there is none
    JOIN = "join"
    RESET = "reset"  # a new password for somebody there is


@dataclass(frozen=True, slots=True)
class Invitation:
    organisation: OrganisationId
    id: UUID
    kind: LinkKind
    email: str  # empty: whoever has the link says their own
    name: str  # of a reset
    role: Role
    user: UUID | None
    invited_by: str
    created_at: datetime
    expires_at: datetime
    is_open: bool


class Invitations(Protocol):
    async def invite(
        self, organisation: OrganisationId, *, email: str, role: Role, actor: Actor
    ) -> Secret:
        """Earlier links to the same address end. Raises `AddressTaken`."""

    async def reset(
        self, organisation: OrganisationId, user: UUID, *, actor: Actor
    ) -> Secret | None:
        """Earlier ones of theirs end. None: there is nobody of this id."""

    async def first(self, organisation: OrganisationId) -> Secret | None:
        """None: there is an owner already."""

    async def shown(self, token: str) -> Invitation | None:
        """Also one that was used or is over: whoever asks says so."""

    async def to(self, email: str) -> Invitation | None:
        """The open one by which this address may join, whoever's it is."""

    async def list(self, organisation: OrganisationId) -> Sequence[Invitation]:
        """The open ones, the newest first."""

    async def accept(
        self,
        invitation: Invitation,
        *,
        email: str,
        name: str,
        password: Secret | None,
        source: str,
    ) -> UUID | None:
        """Who came in by it, with a password's hash or by single sign-on alone.

        None: it was used a moment ago. Raises `AddressTaken`.
        """

    async def revoke(
        self, organisation: OrganisationId, invitation: UUID, *, actor: Actor
    ) -> bool: ...


class SignInTries(Protocol):
    async def take(self, email: str, source: str) -> timedelta | None:
        """Count one try; or, counting none, how long to wait before the next."""

    async def succeeded(self, email: str, source: str) -> None:
        """The last one counted was right: it is no try against its source."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    id: UUID
    at: datetime
    actor: str
    action: str
    subject: str
    source: str
    before: str  # JSON; empty: nothing
    after: str


class AuditLog(Protocol):
    async def page(
        self, organisation: OrganisationId, *, most: int, before: tuple[datetime, UUID] | None
    ) -> Sequence[AuditEntry]:
        """The newest first, or those that came before this one."""

    async def refused(self, organisation: OrganisationId, actor: Actor, door: str) -> None:
        """Somebody tried a door that their role does not open."""


@dataclass(frozen=True, slots=True)
class People:
    users: Users
    sessions: Sessions
    invitations: Invitations
    tries: SignInTries
    audit: AuditLog
