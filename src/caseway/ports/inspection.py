"""Looking at a Creatio before anything depends on it: named checks, and what may be picked."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from caseway.domain.connection import Connection


class Mark(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAILED = "failed"
    UNKNOWN = "unknown"  # cannot be seen from here; no reason to worry


@dataclass(frozen=True, slots=True)
class Place:
    """A page of this Creatio; `clicks` lead there from its menu, empty: it is the front page."""

    clicks: str
    url: str


@dataclass(frozen=True, slots=True)
class Check:
    """`name` is its handle, the same in the command and on the page."""

    name: str
    mark: Mark
    detail: str
    remedy: str
    elapsed: timedelta
    place: Place | None = None  # where in Creatio the remedy is found, if it is found there


class Pick(StrEnum):
    """What a settings page lets people pick from."""

    STATUS = "status"
    ORIGIN = "origin"
    PRIORITY = "priority"
    OWNER = "owner"
    GROUP = "group"
    TYPE = "type"  # of activities
    CATEGORY = "category"  # of activities


OF_CASES: Final = (Pick.STATUS, Pick.ORIGIN, Pick.PRIORITY, Pick.OWNER, Pick.GROUP)


@dataclass(frozen=True, slots=True)
class Choice:
    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """What Creatio called us with, by one token and of one event type; empty: nobody could
    read it. `without_case`: the `caseId` was empty.
    """

    token_name: str
    type: str
    first_at: datetime
    last_at: datetime
    calls: int
    without_case: int
    rejected: int


@dataclass(frozen=True, slots=True)
class RefusedCalls:
    """Calls with a wrong token, today and yesterday. `known`: the token was once one of ours."""

    public_name: str
    source: str
    calls: int
    known: bool


@dataclass(frozen=True, slots=True)
class Asking:
    """How the sweep of both entities stands."""

    at: datetime | None = None  # when both were asked for last; None: not yet
    stamps_off: timedelta = timedelta(0)  # how far Creatio's stamps were from its own clock
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What our own rows say of a connection: some rights show only in what was done."""

    made: frozenset[str] = frozenset()  # entities of which we made records
    refused: int = 0  # activities that Creatio refused for good in the last week
    arrived: Sequence[Arrived] = ()
    refused_calls: Sequence[RefusedCalls] = ()
    healed: int = 0  # replies of the last day that a webhook should have told of
    throttled: bool = False  # Creatio asked for fewer calls when it was used last
    asking: Asking = Asking()


class Inspection(Protocol):
    """A connection may be saved or only typed. Reads only, and shows nothing of a foreign body:
    an address may be anything.
    """

    def names(self, connection: Connection) -> Sequence[str]:
        """Of the checks that there are if none fails, in order."""

    def checks(
        self, connection: Connection, evidence: Evidence, *, only: str = ""
    ) -> AsyncIterator[Check]:
        """As they end; what a failure makes pointless is left out. `only`: just this one."""

    async def choices(self, connection: Connection) -> Mapping[Pick, Sequence[Choice]]:
        """Those `OF_CASES`, ordered by name. Raises `Later` or `Never`."""
