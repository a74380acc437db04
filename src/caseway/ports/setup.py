"""What the pages that set Creatio up read and note."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from caseway.domain.ids import ConnectionKey, OrganisationId
from caseway.domain.secret import Secret
from caseway.ports.connections import ConnectionBook, WebhookTokens
from caseway.ports.inspection import Check, Evidence, Inspection


@dataclass(frozen=True, slots=True)
class LastTest:
    at: datetime
    by: str
    checks: Sequence[Check]


@dataclass(frozen=True, slots=True)
class Swept:
    """One entity's sweep. `swept_at` None: not yet."""

    entity: str
    swept_at: datetime | None
    trouble: str


@dataclass(frozen=True, slots=True)
class Findings:
    """What the sweep of one entity found in the last day that no webhook had brought."""

    type: str
    found: int
    healed: int  # while webhooks worked: one was missed


@dataclass(frozen=True, slots=True)
class Progress:
    """The getting-started steps, each true once it is done."""

    connected: bool
    called: bool
    judged: bool
    opened: bool
    went_round: bool
    put_away: bool

    @property
    def steps(self) -> tuple[bool, ...]:
        return (self.connected, self.called, self.judged, self.opened, self.went_round)

    @property
    def is_over(self) -> bool:
        return self.put_away or all(self.steps)


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """How a call to our own webhook went. `event`: what it was kept as; None: nothing was kept,
    or something else answered there. `trouble`: why there was no answer.
    """

    status: int | None
    event: UUID | None
    elapsed: timedelta
    trouble: str


class Rehearsal(Protocol):
    async def call(self, token: Secret) -> Rehearsed:
        """Once, by the public address. Never raises for what it meets there."""


class Setup(Protocol):
    """May raise `Later` while the store cannot be reached."""

    async def evidence(self, key: ConnectionKey) -> Evidence: ...

    async def swept(self, key: ConnectionKey) -> Sequence[Swept]: ...

    async def findings(self, key: ConnectionKey) -> Sequence[Findings]: ...

    async def last_test(self, key: ConnectionKey) -> LastTest | None: ...

    async def keep_test(self, key: ConnectionKey, test: LastTest) -> None: ...

    async def hurry(self, key: ConnectionKey) -> None:
        """The sweep asks now, whatever it waited for."""

    async def progress(self, organisation: OrganisationId) -> Progress: ...

    async def put_away(self, organisation: OrganisationId, *, by: str) -> None:
        """The getting-started steps are not shown again."""


@dataclass(frozen=True, slots=True)
class SettingUp:
    """All that the pages need that connect Creatio."""

    connections: ConnectionBook
    tokens: WebhookTokens
    setup: Setup
    inspection: Inspection
    rehearsal: Rehearsal
    plain_http_allowed: bool  # private networks are: an instance may be in one of them
    public_url_is_private: bool  # Creatio's cloud cannot reach it
