"""What a reader asks the event log for, as an address says it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, Self
from urllib.parse import urlencode
from uuid import UUID

from caseway.domain.adoption import Outcome
from caseway.domain.ids import CaseId, ConnectionId, ConversationId
from caseway.domain.zones import hours_are_called
from caseway.ports.event_log import EventFilter
from caseway.web.problems import Problem

TYPES: Final = ("new_activity", "case_closed", "case_updated")
WAYS: Final = {
    "webhook": "Creatio called",
    "sweep": "Found by asking",
    "test": "Sent by us as a test",
}
CHOSEN: Final = "chosen"  # in place of a span: the moments that the address has
BY_WORDS: Final = {
    "webhook": "that Creatio called with",
    "sweep": "that a sweep found",
    "test": "that Caseway sent itself as a test",
}
SPANS: Final = {
    "6h": ("Last 6 h", timedelta(hours=6)),
    "24h": ("Last 24 h", timedelta(hours=24)),
    "7d": ("Last 7 days", timedelta(days=7)),
    "30d": ("Last 30 days", timedelta(days=30)),
}
MOST_NUMBER: Final = 64
# Beyond them lies no event, but spans that no clock can count back from.
FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2199


@dataclass(frozen=True, slots=True)
class Asked:
    """The filters of an address, each as it is written there; empty: any."""

    outcome: str = ""
    type: str = ""
    by: str = ""
    span: str = ""
    since: str = ""
    until: str = ""
    connection: str = ""
    conversation: str = ""
    case: str = ""
    number: str = ""  # a case's, where it is not that of one conversation alone

    @classmethod
    def of(cls, query: Mapping[str, str], zone: tzinfo) -> Self:
        """A time without a zone is one of `zone`. Raises `Problem` for what no page of ours
        writes.
        """
        asked = cls(**{name: query.get(name, "").strip() for name in NAMES})
        if asked.span == CHOSEN:
            asked = asked.without("span")
        elif "span" in query:  # whoever chose it let go of what was chosen before
            asked = asked.without("since", "until")
        if asked.outcome and asked.outcome not in set(Outcome):
            raise _wrong("outcome", asked.outcome)
        if asked.type and asked.type not in TYPES:
            raise _wrong("type", asked.type)
        if asked.by and asked.by not in WAYS:
            raise _wrong("by", asked.by)
        if asked.span and asked.span not in SPANS:
            raise _wrong("span", asked.span)
        for name in ("connection", "conversation", "case"):
            _uuid(name, getattr(asked, name))
        moments = {name: _moment(name, getattr(asked, name), zone) for name in ("since", "until")}
        return replace(asked, **{name: iso(at) if at else "" for name, at in moments.items()})

    def filter(self, *, now: datetime) -> EventFilter:
        connection = _uuid("connection", self.connection)
        conversation = _uuid("conversation", self.conversation)
        case = _uuid("case", self.case)
        since = _moment("since", self.since, UTC)
        if since is None and self.span:
            since = now - SPANS[self.span][1]
        return EventFilter(
            outcome=Outcome(self.outcome) if self.outcome else None,
            type=self.type,
            found_by=self.by,
            connection=None if connection is None else ConnectionId(connection),
            conversation=None if conversation is None else ConversationId(conversation),
            case=None if case is None else CaseId(case),
            number=self.number[:MOST_NUMBER],
            since=since,
            until=_moment("until", self.until, UTC),
        )

    def query(self, **more: str) -> str:
        """The address's query, with some of it replaced or added."""
        own = {name: str(getattr(self, name)) for name in NAMES}
        return urlencode({name: text for name, text in (own | more).items() if text})

    def path(self, **more: str) -> str:
        query = self.query(**more)
        return f"/events?{query}" if query else "/events"

    def without(self, *names: str) -> Self:
        return replace(self, **dict.fromkeys(names, ""))

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """For a form that carries them on."""
        own = [(name, str(getattr(self, name))) for name in NAMES]
        return [(name, text) for name, text in own if text]

    def words(self, zone: tzinfo) -> str:
        """The filters as a person would say them: "rejected events of the last 24 h"."""
        said = [_outcome(self.outcome), self.type, "events"]
        if self.by:
            said.append(BY_WORDS[self.by])
        if self.conversation:
            said.append(f"of conversation {self.conversation[:6]}")
        if self.case:
            said.append(f"of case {self.case[:6]}")
        if self.number:
            said.append(f"of case {self.number}")
        if self.connection:
            said.append(f"of connection {self.connection[:6]}")
        if self.since or self.until:
            said.append(f"from {said_of(self.since, zone)} to {said_of(self.until, zone)}")
        elif self.span:
            said.append(f"of the {SPANS[self.span][0].lower()}")
        return " ".join(word for word in said if word)


NAMES: Final = tuple(f.name for f in fields(Asked))


def said_of(moment: str, zone: tzinfo) -> str:
    """A time of an address, as whoever asks reads it."""
    at = _moment("since", moment, UTC)
    if at is None:
        return "the beginning"
    return f"{at.astimezone(zone):%-d %b %Y, %H:%M} {hours_are_called(zone, at)}"


def parsed_search(text: str) -> UUID | str:
    """An id of anything, or a case's number."""
    try:
        return UUID(text.strip())
    except ValueError:
        return text.strip()[:MOST_NUMBER]


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _outcome(outcome: str) -> str:
    return outcome.replace("_", " ") if outcome else "all"


def _uuid(name: str, text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise _wrong(name, text) from None


def _moment(name: str, text: str, zone: tzinfo) -> datetime | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is None:
            found = found.replace(tzinfo=zone)
        found = found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _wrong(name, text) from None
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise _wrong(name, text)
    return found


def _wrong(name: str, text: str) -> Problem:
    return Problem(400, f"There is no {name} {text[:40]!a} to filter by.")
