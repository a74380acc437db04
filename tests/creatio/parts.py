"""What tests of the Creatio room begin with: a connection, a counter, the way out."""

import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Required, TypedDict, Unpack
from uuid import uuid4

from yarl import URL

from caseway.creatio.ticketing import CreatioTicketing
from caseway.domain.connection import Auth, Connection, ConnectionSettings, Platform
from caseway.domain.ids import ActivityId, CaseId, ConnectionId, OrganisationId
from caseway.domain.remote import NewActivity, NewCase
from caseway.domain.secret import Secret
from caseway.outbound import Answer, Outside
from caseway.ports import Call
from tests.creatio.far import Far, Got, Says, far, says

PATIENCE = timedelta(minutes=1)  # for whoever answers, on a busy machine
LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
WRITTEN_AT = datetime(2026, 11, 23, 11, 58, 30, 250_000, tzinfo=UTC)


@dataclass
class Counted:
    calls: list[Call] = field(default_factory=list)

    def count(self, call: Call) -> None:
        self.calls.append(call)

    def used_today(self) -> int:
        return sum(call.calls for call in self.calls)

    def kinds(self) -> list[str]:
        return [call.kind for call in self.calls]


@dataclass
class Clock:
    """Monotonic seconds that pass when the test says so."""

    seconds: float = 1_000.0

    def __call__(self) -> float:
        return self.seconds


def connection(
    url: str,
    *,
    auth: Auth = Auth.OAUTH,
    platform: Platform = Platform.CORE,
    login: str = "client",
    secret: str = "open-sesame",
    identity_url: str = "",
    settings: ConnectionSettings | None = None,
) -> Connection:
    return Connection(
        OrganisationId(uuid4()),
        ConnectionId(uuid4()),
        "North",
        url,
        identity_url,
        platform,
        auth,
        login,
        Secret(secret),
        settings or ConnectionSettings(),
        1,
    )


def new_case(**changes: object) -> NewCase:
    case = NewCase(CaseId(uuid4()), "Brake squeals", "It does.", None, None, None, None, None)
    return replace(case, **changes)  # type: ignore[arg-type] # the tests name real fields


def new_activities(case: CaseId, count: int) -> list[NewActivity]:
    return [
        NewActivity(ActivityId(uuid4()), case, None, f"Customer · {n}", f"Line {n}", WRITTEN_AT)
        for n in range(count)
    ]


TOKEN_PATH = "/connect/token"


def token(got: Got) -> Says | None:
    """The identity service's part of a far side."""
    if got.path == TOKEN_PATH:
        return says(200, {"access_token": "t0ken", "expires_in": 3600, "token_type": "Bearer"})
    return None


class Asked(TypedDict, total=False):
    headers: Required[Mapping[str, str]]
    body: bytes | None
    limit_bytes: int


class Hurried(Outside):
    """Nobody sits through a far side's silence: of what a call may take a hundredth passes for
    those of `silent` methods, and the clock says that all of it has. Signing in is answered.
    """

    def __init__(self, clock: Clock, *silent: str) -> None:
        super().__init__(LOOPBACK)
        self._clock = clock
        self._silent = silent

    async def ask(
        self, method: str, url: URL, *, within_seconds: float, **more: Unpack[Asked]
    ) -> Answer:
        if method not in self._silent or url.path == TOKEN_PATH:
            return await super().ask(method, url, within_seconds=within_seconds, **more)
        try:
            return await super().ask(method, url, within_seconds=within_seconds / 100, **more)
        finally:
            self._clock.seconds += within_seconds


@dataclass
class Ground:
    far: Far
    ticketing: CreatioTicketing
    counted: Counted
    clock: Clock | None


@asynccontextmanager
async def against(
    answer: Callable[[Got], Says],
    *,
    clock: Clock | None = None,
    on_closed: Callable[[], None] = lambda: None,
    settings: ConnectionSettings | None = None,
    auth: Auth = Auth.OAUTH,
    platform: Platform = Platform.CORE,
    timeout: timedelta = PATIENCE,
    way_out: Outside | None = None,
) -> AsyncIterator[Ground]:
    """A ticketing that speaks to a scripted far side; signing in is answered for the script."""
    async with (
        far(lambda got: token(got) or answer(got)) as there,
        way_out or Outside(LOOPBACK) as outside,
    ):
        counted = Counted()
        ticketing = CreatioTicketing(
            connection(there.url, settings=settings, auth=auth, platform=platform),
            outside,
            counted,
            on_closed=on_closed,
            chance=lambda: 0.0,
            timeout=timeout,
            monotonic=clock or time.monotonic,
        )
        yield Ground(there, ticketing, counted, clock)
