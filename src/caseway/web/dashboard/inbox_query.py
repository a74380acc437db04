"""What the inbox's address asks for: filters, search and page, so that Back undoes each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from caseway.domain.conversation import State
from caseway.domain.delivery import State as Debt
from caseway.domain.finding import LONGEST, sought
from caseway.domain.ids import ChannelId
from caseway.ports.inbox import ChannelName, Filters
from caseway.web.api import cursors

PATH: Final = "/inbox"
OPEN: Final = "open"
ANY: Final = "any"
STATES: Final[Mapping[str, frozenset[State]]] = {
    OPEN: frozenset(State) - {State.RESOLVED},
    "waiting": frozenset({State.WAITING}),
    "human": frozenset({State.HUMAN}),
    "ai": frozenset({State.AI}),
    "resolved": frozenset({State.RESOLVED}),
    ANY: frozenset(State),
}
DELIVERIES: Final[Mapping[str, frozenset[Debt]]] = {
    "": frozenset(),
    "failed": frozenset({Debt.FAILED}),
    "owed": frozenset({Debt.OWED, Debt.SENDING, Debt.UNKNOWN}),  # all that a channel still gets
    "doubt": frozenset({Debt.UNKNOWN}),
}
DELIVERY_NAMES: Final = (
    ("", "Any reply"),
    ("failed", "Failed"),
    ("owed", "Owed"),
    ("doubt", "May have been sent"),
)
STATE_NAMES: Final = (
    (OPEN, "Open"),
    ("waiting", "Waiting"),
    ("human", "Human"),
    ("ai", "AI"),
    ("resolved", "Resolved"),
    (ANY, "All"),
)


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is set, and the address without it."""

    text: str
    without: str


@dataclass(frozen=True, slots=True)
class Query:
    text: str
    state: str
    channel: str
    delivery: str
    before: str

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> "Query":
        """Whatever is none of ours counts as not asked. Who searches means every state."""
        text = asked.get("q", "").strip()[:LONGEST]
        delivery = asked.get("delivery", "")
        delivery = delivery if delivery in DELIVERIES else ""
        usual = ANY if text or delivery else OPEN
        state = asked.get("state", usual)
        return cls(
            text=text,
            state=state if state in STATES else usual,
            channel=asked.get("channel", ""),
            delivery=delivery,
            before=asked.get("before", ""),
        )

    def filters(self, channels: Sequence[ChannelName]) -> Filters:
        """Raises `Problem` for a place that is none of ours."""
        before: tuple[datetime, UUID] | None = None
        if self.before:
            before = cursors.moment_of(self.before)
        return Filters(
            sought=sought(self.text),
            states=STATES[self.state],
            channel=self._channel(channels),
            deliveries=DELIVERIES[self.delivery],
            before=before,
        )

    def _channel(self, channels: Sequence[ChannelName]) -> ChannelId | None:
        return next((one.id for one in channels if str(one.id) == self.channel), None)

    @property
    def is_narrowed(self) -> bool:
        return bool(self.text or self.channel or self.delivery) or self.state not in {OPEN, ANY}

    def address(self, **changes: str) -> str:
        """The same but for what changes, from its first page on."""
        changed = replace(self, **{"before": "", **changes})
        usual = ANY if changed.text or changed.delivery else OPEN
        asked = {
            "q": changed.text,
            "state": "" if changed.state == usual else changed.state,
            "channel": changed.channel,
            "delivery": changed.delivery,
            "before": changed.before,
        }
        query = urlencode({name: value for name, value in asked.items() if value})
        return f"{PATH}?{query}" if query else PATH

    def older(self, place: tuple[datetime, UUID] | None) -> str:
        return "" if place is None else self.address(before=cursors.of_moment(*place))

    def chips(self, channels: Sequence[ChannelName]) -> list[Chip]:
        chips: list[Chip] = []
        if self.text:
            chips.append(Chip(f"“{self.text}”", self.address(text="")))
        if self.state not in {OPEN, ANY}:
            chips.append(Chip(dict(STATE_NAMES)[self.state], self.address(state=ANY)))
        if self._channel(channels) is not None:
            name = next(one.name for one in channels if str(one.id) == self.channel)
            chips.append(Chip(name, self.address(channel="")))
        if self.delivery:
            chips.append(Chip(dict(DELIVERY_NAMES)[self.delivery], self.address(delivery="")))
        return chips
