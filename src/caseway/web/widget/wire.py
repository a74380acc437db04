"""What the widget sends and gets. The far side is widget/src/door.ts."""

from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

import msgspec

from caseway.domain.connection import ChannelSettings
from caseway.domain.conversation import Author
from caseway.ports import Line, Transcript
from caseway.web.problems import Problem

T = TypeVar("T", bound=msgspec.Struct)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
FIRST: Final = "0"
MICROSECOND: Final = timedelta(microseconds=1)
LONGEST_CURSOR: Final = 16  # digits: the year 2286 has one more than now


class SettingsOut(msgspec.Struct):
    greeting: str | None  # None: the widget's own words, in the visitor's language
    characters: int  # that one message may have

    @classmethod
    def of(cls, settings: ChannelSettings) -> "SettingsOut":
        return cls(settings.greeting or None, settings.limits.characters)


class SessionIn(msgspec.Struct):
    identity: str | None = None


class MessageIn(msgspec.Struct):
    text: str
    client_id: str


class AcknowledgementIn(msgspec.Struct):
    cursor: str


class SessionOut(msgspec.Struct):
    token: str


class MessageOut(msgspec.Struct):
    id: str
    author: str
    author_name: str | None
    text: str
    created_at: datetime
    client_id: str | None
    status: str | None  # of the visitor's own: `sent` is the commit

    @classmethod
    def of(cls, line: Line) -> "MessageOut":
        own = line.author is Author.CONTACT
        return cls(
            id=str(line.id),
            author=line.author,
            author_name=None if own else line.author_name or None,
            text=line.text,
            created_at=line.written_at,
            client_id=line.client_id or None,
            status="sent" if own else None,
        )


class Placed(MessageOut):
    """A message with the position up to which all was told."""

    cursor: str = FIRST

    @classmethod
    def at(cls, line: Line, cursor: str) -> "Placed":
        fields = msgspec.structs.asdict(MessageOut.of(line))
        return cls(**fields, cursor=cursor)


class HistoryOut(msgspec.Struct):
    state: str
    messages: list[MessageOut]
    cursor: str

    @classmethod
    def of(cls, transcript: Transcript) -> "HistoryOut":
        return cls(
            state=state_of(transcript),
            messages=[MessageOut.of(line) for line in transcript.lines],
            cursor=cursor_of(max((line.shown_at for line in transcript.lines), default=EPOCH)),
        )


class StateOut(msgspec.Struct):
    state: str
    cursor: str


def state_of(transcript: Transcript) -> str:
    return "none" if transcript.state is None else str(transcript.state)


def cursor_of(moment: datetime) -> str:
    return str((moment - EPOCH) // MICROSECOND)


def moment_of(cursor: str) -> datetime:
    """Raises `Problem` for what is none of our cursors."""
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= LONGEST_CURSOR):
        raise Problem(400, "This cursor is none that we gave.")
    return EPOCH + int(cursor) * MICROSECOND


def decode(body: bytes, shape: type[T]) -> T:
    """Raises `Problem`."""
    try:
        return msgspec.json.decode(body or b"{}", type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as failure:
        raise Problem(400, f"The body is not what it should be: {failure}.") from None
