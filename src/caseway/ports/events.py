"""Keeping what Creatio calls us with."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from caseway.domain.adoption import Outcome
from caseway.domain.ids import (
    CaseId,
    ConnectionId,
    ConversationId,
    EventId,
    OrganisationId,
)


@dataclass(frozen=True, slots=True)
class NewEvent:
    """A call to the webhook with a right token, as received. `case` and `type` as far as known."""

    id: EventId
    organisation: OrganisationId
    connection: ConnectionId
    token: UUID
    token_name: str
    source: str
    type: str
    case: CaseId | None
    outcome: Outcome  # accepted: look for its conversation; others are kept as they are
    reason: str
    body: bytes
    test: bool = False  # sent by ourselves: no sign that Creatio calls


@dataclass(frozen=True, slots=True)
class KeptEvent:
    """`token_holds` is judged in the commit itself, so a revoked token is refused at once."""

    token_holds: bool
    conversation: ConversationId | None


class Events(Protocol):
    async def keep(self, event: NewEvent) -> KeptEvent:
        """Kept and committed, together with whatever else arrives; marks its conversation.

        Raises `Overloaded`, or `Later` when the store cannot be reached.
        """
