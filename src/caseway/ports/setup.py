"""What the pages that set Creatio up read and note."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from caseway.domain.ids import ConnectionKey, OrganisationId
from caseway.ports.inspection import Check, Evidence


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
    next_at: datetime
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


class Setup(Protocol):
    """May raise `Later` while the store cannot be reached."""

    async def evidence(self, key: ConnectionKey) -> Evidence: ...

    async def swept(self, key: ConnectionKey) -> Sequence[Swept]: ...

    async def findings(self, key: ConnectionKey) -> Sequence[Findings]: ...

    async def last_test(self, key: ConnectionKey) -> LastTest | None: ...

    async def keep_test(self, key: ConnectionKey, test: LastTest) -> None: ...

    async def progress(self, organisation: OrganisationId) -> Progress: ...

    async def put_away(self, organisation: OrganisationId, *, by: str) -> None:
        """The getting-started steps are not shown again."""
