"""What people pick from changes rarely: read once in ten minutes, for whichever page asks first."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from caseway.domain.connection import Connection
from caseway.domain.ids import ConnectionKey
from caseway.ports import Choice, Later, Lists, Never, Pick, Ticketing

FRESH: Final = timedelta(minutes=10)

Read = tuple[datetime, Sequence[Choice]]


class RememberedLists:
    """One process's memory, by connection and version of its settings."""

    def __init__(
        self, ticketing: Callable[[Connection], Ticketing], now: Callable[[], datetime]
    ) -> None:
        self._ticketing = ticketing
        self._now = now
        self._kept: dict[ConnectionKey, tuple[int, dict[Pick, Read]]] = {}

    def known(self, connection: Connection, picks: Sequence[Pick]) -> Lists:
        kept = self._of(connection)
        oldest = min((kept[pick][0] for pick in picks if pick in kept), default=None)
        whole = all(self._is_fresh(kept.get(pick)) for pick in picks)
        return Lists({pick: _choices(kept.get(pick)) for pick in picks}, oldest if whole else None)

    async def of(self, connection: Connection, picks: Sequence[Pick]) -> Lists:
        kept = self._of(connection)
        return await self._read(
            connection, picks, [pick for pick in picks if not self._is_fresh(kept.get(pick))]
        )

    async def anew(self, connection: Connection, picks: Sequence[Pick]) -> Lists:
        return await self._read(connection, picks, picks)

    async def _read(
        self, connection: Connection, picks: Sequence[Pick], missing: Sequence[Pick]
    ) -> Lists:
        kept = self._of(connection)
        try:
            for pick in missing:
                kept[pick] = self._now(), await self._ticketing(connection).choices(pick)
        except (Later, Never):
            return Lists({pick: _choices(kept.get(pick)) for pick in picks}, trouble=True)
        return self.known(connection, picks)

    def _of(self, connection: Connection) -> dict[Pick, Read]:
        version, kept = self._kept.get(connection.key, (connection.version, {}))
        if version != connection.version:
            kept = {}
        self._kept[connection.key] = connection.version, kept
        return kept

    def _is_fresh(self, read: Read | None) -> bool:
        return read is not None and self._now() - read[0] <= FRESH


def _choices(read: Read | None) -> Sequence[Choice]:
    return () if read is None else read[1]
