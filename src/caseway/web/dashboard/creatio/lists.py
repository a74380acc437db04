"""What may be picked in the form: read from Creatio, remembered for a while, asked for anew on a
person's word.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from caseway.domain.connection import Connection
from caseway.domain.ids import NOBODY, ConnectionKey
from caseway.ports import Choice, Inspection, Later, Never, Pick

FRESH: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Lists:
    """`read_at` None: not read; `trouble`: Creatio could not be asked, in our words."""

    picks: Mapping[Pick, Sequence[Choice]]
    read_at: datetime | None = None
    trouble: bool = False

    def options(self, pick: str, value: str, blank: str) -> list[tuple[str, str]]:
        """For a pick list; what was chosen and is not there any more stays, and says so."""
        known = [(str(one.id), one.name) for one in self.picks.get(Pick(pick), ())]
        gone = [(value, f"{value} (not in Creatio's list)")] if value else []
        lost = [] if any(id_ == value for id_, _ in known) else gone
        return [("", blank), *lost, *known]


UNREAD: Final = Lists({})


class Remembered:
    """One process's memory, by connection and version of its settings."""

    def __init__(self, inspection: Inspection, now: Callable[[], datetime]) -> None:
        self._inspection = inspection
        self._now = now
        self._kept: dict[ConnectionKey, tuple[int, Lists]] = {}

    def known(self, connection: Connection) -> Lists:
        version, lists = self._kept.get(connection.key, (0, UNREAD))
        stale = lists.read_at is None or self._now() - lists.read_at > FRESH
        return UNREAD if stale or version != connection.version else lists

    async def read(self, connection: Connection) -> Lists:
        """Asks Creatio. Never raises for what happens there."""
        try:
            picks = await self._inspection.choices(connection)
        except (Later, Never):
            return Lists({}, None, trouble=True)
        lists = Lists(picks, self._now())
        if connection.id != NOBODY:
            self._kept[connection.key] = (connection.version, lists)
        return lists
