"""What people pick from on a settings page, remembered for a while."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from caseway.domain.connection import Connection
from caseway.ports.inspection import Choice, Pick


@dataclass(frozen=True, slots=True)
class Lists:
    """Each pick's choices, ordered by name; empty where they were not read.

    `read_at`: when the oldest of them was, UTC; None: not all are known. `trouble`: Creatio could
    not be asked, and what was read earlier stands there.
    """

    picks: Mapping[Pick, Sequence[Choice]]
    read_at: datetime | None = None
    trouble: bool = False


class PickLists(Protocol):
    """Of a saved connection. Nothing is raised for what happens over there."""

    def known(self, connection: Connection, picks: Sequence[Pick]) -> Lists:
        """Asks nobody."""

    async def of(self, connection: Connection, picks: Sequence[Pick]) -> Lists:
        """Asks for what is not known."""

    async def anew(self, connection: Connection, picks: Sequence[Pick]) -> Lists:
        """Asks for all of them."""
