"""The three lines at the foot of the side bar, and the one of the phone's top line."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from caseway.domain.ids import OrganisationId
from caseway.ports.glance import Glanced, Glances
from caseway.web.dashboard.times import age

KEPT_FOR: Final = timedelta(seconds=1)
UNNAMED: Final = "default"  # the first organisation's name, until somebody gives it one
MOST_KEPT: Final = 1000  # organisations


@dataclass(frozen=True, slots=True)
class Line:
    word: str  # of states.py
    shown: str


@dataclass(frozen=True, slots=True)
class Shown:
    organisation: str
    creatio: Line
    channels: int
    channel: Line
    owed: str
    worst: Line


class Foot:
    """Asks the store at most once a second for each organisation."""

    def __init__(self, glances: Glances, now: Callable[[], datetime]) -> None:
        self._glances = glances
        self._now = now
        self._kept: dict[OrganisationId, tuple[datetime, Shown]] = {}

    async def of(self, organisation: OrganisationId) -> Shown:
        """Raises `Later`."""
        now = self._now()
        kept = self._kept.get(organisation)
        if kept is not None and now < kept[0] + KEPT_FOR:
            return kept[1]
        shown = told(await self._glances.glance(organisation), now)
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[organisation] = now, shown
        return shown

    def forget(self, organisation: OrganisationId) -> None:
        """Something that it tells of was changed this moment."""
        self._kept.pop(organisation, None)


def told(seen: Glanced, now: datetime) -> Shown:
    creatio, channel = _creatio(seen), _channel(seen)
    return Shown(
        organisation="" if seen.organisation == UNNAMED else seen.organisation,
        creatio=creatio,
        channels=seen.channels,
        channel=channel,
        owed=_owed(seen, now),
        worst=_worst(seen, creatio, channel),
    )


def _creatio(seen: Glanced) -> Line:
    if not seen.connections:
        return Line("not_checked", "Not connected yet")
    if seen.troubled:
        return Line("down", "Down" if seen.connections == 1 else f"{seen.troubled} down")
    if seen.unproven:
        return Line("not_checked", "Not checked yet")
    return Line("healthy", "Healthy")


def _channel(seen: Glanced) -> Line:
    if not seen.channels:
        return Line("not_checked", "None yet")
    if seen.waiting_channels:
        return Line("degraded", f"{seen.waiting_channels} retrying")
    if not seen.heard_channels:
        return Line("not_checked", "Nothing yet")
    return Line("healthy", "Healthy")


def _owed(seen: Glanced, now: datetime) -> str:
    if not seen.owed or seen.oldest_owed_at is None:
        return "0"
    oldest = age(max(now - seen.oldest_owed_at, timedelta()))
    if seen.owed >= seen.counted_up_to:
        return f"{seen.owed:,}+, {oldest}+"
    return f"{seen.owed}, oldest {oldest}"


def _worst(seen: Glanced, creatio: Line, channel: Line) -> Line:
    """What a phone's top line has room for."""
    if creatio.word == "down":
        return Line("down", "Creatio down")
    if channel.word == "degraded":
        return Line("degraded", f"{seen.owed} owed")
    if creatio.word == "not_checked":
        return creatio
    return Line("healthy", "Healthy")
