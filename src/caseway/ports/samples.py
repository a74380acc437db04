"""What happened lately on our cases, for trying a reply rule before it counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from caseway.domain.connection import Connection
from caseway.domain.ids import ActivityId, CaseId, ConnectionKey, ConversationId
from caseway.domain.remote import Activity


class Standing(StrEnum):
    """How an activity stands in our links, if it does."""

    OURS = "ours"  # we wrote it: an echo
    KEPT = "kept"  # an agent's reply that was brought to the customer already


@dataclass(frozen=True, slots=True)
class OurCase:
    """A case that Caseway opened, and whom it is about."""

    case: CaseId
    number: str
    conversation: ConversationId
    customer: str
    channel: str
    channel_kind: str


class OurCases(Protocol):
    async def latest(self, key: ConnectionKey, most: int) -> Sequence[OurCase]:
        """Those that something happened on last."""

    async def standings(
        self, key: ConnectionKey, activities: Sequence[ActivityId]
    ) -> Mapping[ActivityId, Standing]:
        """Of those that stand in our links."""


@dataclass(frozen=True, slots=True)
class Sampled:
    activity: Activity
    about: OurCase
    standing: Standing | None


@dataclass(frozen=True, slots=True)
class Sample:
    """The newest first. `read_at`: when, UTC; None: never. `trouble`: why it is no newer."""

    found: Sequence[Sampled]
    read_at: datetime | None
    trouble: str = ""
    remedy: str = ""
    is_refused: bool = False  # Creatio says never to the question itself


class Samples(Protocol):
    async def newest(
        self, connection: Connection, *, marked_by: str = "", anew: bool = False
    ) -> Sample:
        """Activities of our cases, read at most once in a while unless `anew`.

        While Creatio does not answer, what was read last, marked so.
        """
