"""An organisation's Creatio instance, and the channels that lead to it, as they are configured."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from uuid import UUID

from caseway.domain import zones
from caseway.domain.ids import (
    ChannelId,
    ConnectionId,
    ConnectionKey,
    OrganisationId,
    StatusId,
)
from caseway.domain.reply_rule import ReplyRule
from caseway.domain.secret import Secret
from caseway.domain.words import Language, Writing


class Platform(StrEnum):
    DETECT = "detect"
    FRAMEWORK = "framework"  # every API route below /0
    CORE = "core"


class Auth(StrEnum):
    OAUTH = "oauth"
    FORMS = "forms"


class Opening(StrEnum):
    """When a case is opened."""

    CONVERSATION = "conversation"
    HANDOFF = "handoff"


class Returning(StrEnum):
    """What a customer who writes after resolution meets."""

    NEW = "new"
    REOPEN = "reopen"


@dataclass(frozen=True, slots=True)
class Sweeping:
    enabled: bool = True
    interval: timedelta | None = None  # None: adapts to webhooks and budget


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    opening: Opening = Opening.CONVERSATION
    returning: Returning = Returning.NEW
    returning_within: timedelta = timedelta(hours=24)
    resolved_status: StatusId | None = None
    reopen_status: StatusId | None = None
    resolved_statuses: frozenset[StatusId] = frozenset()  # empty: those that Creatio flags
    owner: UUID | None = None
    group: UUID | None = None
    origins: dict[str, UUID] = field(default_factory=dict)  # by kind of channel
    priority: UUID | None = None
    priorities: dict[str, UUID] = field(default_factory=dict)  # by kind of channel; else the above
    activity_type: UUID | None = None
    reply_rule: ReplyRule = field(default_factory=ReplyRule)
    sweeping: Sweeping = field(default_factory=Sweeping)
    calls_a_day: int | None = 10_000  # None: no limit in the plan
    webhooks_a_minute: int | None = None  # None: no limit
    time_zone: str = zones.DEFAULT  # IANA: of agents' clocks, and of the pages here
    language: Language = Language.ENGLISH  # of what we write into Creatio

    @property
    def zone(self) -> tzinfo:
        return zones.zone(self.time_zone)

    @property
    def writing(self) -> Writing:
        return Writing(self.language, self.zone)

    def priority_of(self, kind: str) -> UUID | None:
        """Of a new case on a channel of this kind."""
        return self.priorities.get(kind, self.priority)

    @property
    def every_priority(self) -> frozenset[UUID]:
        return frozenset(filter(None, (self.priority, *self.priorities.values())))


@dataclass(frozen=True, slots=True)
class Connection:
    organisation: OrganisationId
    id: ConnectionId
    name: str
    base_url: str  # no trailing slash
    identity_url: str  # empty: found
    platform: Platform
    auth: Auth
    login: str  # client id or user name
    secret: Secret
    settings: ConnectionSettings
    version: int  # grows with every change

    @property
    def key(self) -> ConnectionKey:
        return ConnectionKey(self.organisation, self.id)


@dataclass(frozen=True, slots=True)
class WidgetLimits:
    """Of one visitor's network address; cases: of the whole channel."""

    characters: int = 8_000  # of a message
    messages_a_minute: int = 30
    conversations_in_ten_minutes: int = 5
    cases_a_day: int = 500


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    callback_url: str = ""  # api
    recognises_repeats: bool = True  # api: the receiver drops a repeated webhook-id
    starts_as_ai: bool = False  # an AI of the client's own answers first
    origins: tuple[str, ...] = ()  # widget: pages that may show it
    identity_secret_set: bool = False  # widget: visitors may be identified by a signed JWT
    greeting: str = ""
    paused_by: str = ""  # replies wait until somebody resumes it; empty: it runs
    limits: WidgetLimits = WidgetLimits()  # widget


@dataclass(frozen=True, slots=True)
class FormerSecret:
    """One replaced, while whoever checks it is being changed over."""

    secret: Secret
    until: datetime  # UTC


@dataclass(frozen=True, slots=True)
class ChannelAccount:
    organisation: OrganisationId
    id: ChannelId
    connection: ConnectionId
    kind: str
    name: str
    settings: ChannelSettings
    secret: Secret | None  # api: signs callbacks; widget: verifies identities
    version: int
    former: tuple[FormerSecret, ...] = ()  # the newest first

    def secrets(self, *, now: datetime) -> tuple[Secret, ...]:
        """Those that hold, the newest first."""
        found = () if self.secret is None else (self.secret,)
        return (*found, *(former.secret for former in self.former if now < former.until))
