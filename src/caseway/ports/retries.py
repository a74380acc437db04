"""A person's order to try again, and how a conversation stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from caseway.domain.ids import ConversationId, ConversationKey, OrganisationId
from caseway.domain.standing import Standing


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Work that was refused for good."""

    kind: str  # conversation, delivery or activity
    id: UUID  # the conversation's, the delivery's, the message's
    conversation: ConversationId
    reason: str
    since: datetime


class Retries(Protocol):
    """What is done carries its actor into the audit log, in the same commit. May raise `Later`."""

    async def dead_letters(
        self, organisation: OrganisationId, *, conversation: ConversationId | None, limit: int
    ) -> Sequence[DeadLetter]:
        """Oldest first, at most `limit` of each kind."""

    async def replay(self, key: ConversationKey, kind: str, id: UUID, *, actor: str) -> bool:
        """Owed again, marked, a job: one commit. False if it is no dead letter any more.

        `kind` and `id`: as a dead letter of this conversation has them.
        """

    async def look_again(self, key: ConversationKey, *, actor: str) -> bool:
        """A trigger by hand: both sides are compared once more. False: no such conversation."""


class Standings(Protocol):
    async def standing(self, key: ConversationKey) -> Standing | None:
        """One moment of all its rows; None: the organisation has no such conversation."""
