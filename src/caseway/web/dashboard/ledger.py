"""One conversation's ledger, laid out: messages, and across from them their activities. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

from caseway.domain.conversation import Author, MessageKind, Own
from caseway.domain.delivery import State as Debt
from caseway.domain.words import Writing, first_words
from caseway.ports.conversations import Balance, Entry, Facts, KeptBack, Leaf

OPEN_WHILE: Final = frozenset({Debt.FAILED, Debt.UNKNOWN})
FIRST_WORDS: Final = 60
MOST_NAMED: Final = 5  # of what is missing


@dataclass(frozen=True, slots=True)
class Day:
    at: datetime


@dataclass(frozen=True, slots=True)
class Across:
    """The Creatio side of a row. `state`: linked, waits, refused or none."""

    state: str
    title: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A message with what stands across from it."""

    entry: Entry
    across: Across
    opens: bool  # its attempts are shown unfolded


@dataclass(frozen=True, slots=True)
class Left:
    """An activity that stays in Creatio, and the clause that decided."""

    kept: KeptBack
    reason: str


Row = Day | Line | Left


def laid_out(leaf: Leaf, facts: Facts, zone: tzinfo, *, writing: Writing) -> list[Row]:
    """In order, a line with the date before each day's first. `writing` makes the titles."""
    laid: list[Row] = []
    day = None
    for at, row in _in_order(leaf, facts, writing):
        if at.astimezone(zone).date() != day:
            day = at.astimezone(zone).date()
            laid.append(Day(at))
        laid.append(row)
    return laid


def _in_order(leaf: Leaf, facts: Facts, writing: Writing) -> Iterator[tuple[datetime, Line | Left]]:
    """Messages keep their positions; what is kept back stands where it was first seen."""
    waiting = sorted(leaf.kept_back, key=lambda kept: kept.seen_at)
    for entry in leaf.entries:
        while waiting and waiting[0].seen_at < entry.kept_at:
            yield _left(waiting.pop(0))
        yield entry.kept_at, _line(entry, facts, writing)
    yield from map(_left, waiting)


def _left(kept: KeptBack) -> tuple[datetime, Left]:
    reason = kept.reason.removeprefix("not a reply: ")
    return kept.seen_at, Left(kept, reason[:1].upper() + reason[1:])


def _line(entry: Entry, facts: Facts, writing: Writing) -> Line:
    sending = entry.delivery
    return Line(
        entry=entry,
        across=_across(entry, facts, writing),
        opens=sending is not None and sending.state in OPEN_WHILE,
    )


def _across(entry: Entry, facts: Facts, writing: Writing) -> Across:
    activity = entry.activity
    if activity is None:
        return Across("none", why="Told to the customer alone")
    if activity.refused_at is not None:
        return Across("refused", _title(entry, writing), activity.refusal)
    if activity.linked_at is None:
        return Across("waits", _title(entry, writing), _waits_for(facts))
    return Across("linked", _title(entry, writing))


def _title(entry: Entry, writing: Writing) -> str:
    """As the activity is called in Creatio, if we wrote it by the settings of today."""
    activity = entry.activity
    if activity is None or not activity.is_ours:
        return first_words(entry.text, FIRST_WORDS)
    return writing.activity_title(
        Own(
            message=entry.message,
            activity=activity.id,
            position=entry.position,
            author=entry.author,
            author_name=entry.author_name,
            kind=entry.kind,
            text=entry.text,
            written_at=entry.written_at,
        )
    )


def _waits_for(facts: Facts) -> str:
    if facts.parked_at is not None:
        return "Sync has stopped"
    if not facts.wants_case:
        return "The case opens on hand-off"
    if facts.trouble:
        return "Waits for Creatio"
    return "Not written yet" if facts.case else "The case comes first"


def is_note(line: Line) -> bool:
    """What Caseway itself says, in the middle of the ledger."""
    return line.entry.author is Author.SYSTEM


def note_of(line: Line) -> str:
    match line.entry.kind:
        case MessageKind.HANDOFF:
            by = line.entry.author_name
            return f"Handed off by {by}" if by else "Handed off to a person"
        case MessageKind.CLOSING:
            return "The customer is told of the closure"
        case MessageKind.FAILURE:
            return "The agent is told that a reply did not arrive"
        case MessageKind.TEXT:
            return "Caseway"


@dataclass(frozen=True, slots=True)
class Foot:
    agrees: bool
    text: str


def foot_of(balance: Balance, facts: Facts, kept_back: int) -> Foot:
    """“Both sides agree”, or the gap by name."""
    stays = f" {_many(kept_back, 'activity stays', 'activities stay')} in Creatio."
    tail = stays if kept_back else ""
    counted = f"{_many(balance.messages, 'message', 'messages')}, "
    counted += _many(balance.activities, "activity", "activities")
    if facts.parked_at is not None:
        return Foot(agrees=False, text=f"{counted}. Not compared since sync stopped.{tail}")
    if not balance.missing:
        of = "" if balance.is_whole else "the newest "
        return Foot(agrees=True, text=f"Both sides agree: {of}{counted}.{tail}")
    if not facts.wants_case:
        return Foot(agrees=True, text=f"{counted}. No case yet: it opens on hand-off.{tail}")
    return Foot(agrees=False, text=f"{counted}. {_gap(balance)}{tail}")


def _gap(balance: Balance) -> str:
    named = ", ".join(map(str, balance.missing[:MOST_NAMED]))
    rest = len(balance.missing) - MOST_NAMED
    if rest > 0:
        named += f" and {rest:,} more"
    which = "Message" if len(balance.missing) == 1 else "Messages"
    has = "has" if len(balance.missing) == 1 else "have"
    refused = f", {balance.refused} refused by Creatio" if balance.refused else ""
    return f"{which} {named} {has} no activity yet{refused}."


def _many(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"
