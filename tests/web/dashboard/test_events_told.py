"""What came of an event is said in a sentence; its steps, its bars and its filters are exact."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from caseway.domain.adoption import Outcome
from caseway.domain.delivery import State
from caseway.domain.ids import CaseId, ConnectionId, ConversationId, EventId
from caseway.ports import JournalLine, Noticed, Ran
from caseway.ports.event_log import Around, Brought, Counted, Strip, WholeEvent
from caseway.web.dashboard.events import strip, telling
from caseway.web.dashboard.events.filters import Asked

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
SOME = UUID("8f31c2d4-0000-4000-8000-000000000001")
NOTICED = Noticed(
    id=EventId(SOME),
    received_at=NOON,
    found_by="webhook",
    type="new_activity",
    case=CaseId(SOME),
    conversation=ConversationId(SOME),
    outcome=Outcome.ACCEPTED,
    reason="",
    connection=ConnectionId(SOME),
)
READ = JournalLine(9, "creatio", "read the case and 1 activity", "its activities changed")
SENT = JournalLine(60, "widget", "sent reply, attempt 1")
WAITED = JournalLine(
    60, "api", "tried to send reply, attempt 1", "the callback answered 429", "later"
)
RULED = JournalLine(20, "caseway", f"left activity {SOME} in Creatio", "not a reply: type Call")
CLOSED = JournalLine(20, "caseway", "weighed case_closed", "Resolved the conversation.")
DOWN = JournalLine(5, "creatio", "asked about the case", "Creatio answered 503", "later")


def look(*lines: JournalLine, after: timedelta = timedelta(milliseconds=10)) -> Ran:
    return Ran(SOME, ConversationId(SOME), NOON + after, NOON + after, lines)


@pytest.mark.parametrize(
    ("event", "ran", "said"),
    [
        (NOTICED, look(READ, SENT), "Reply sent by widget"),
        (NOTICED, look(READ, WAITED), "Reply not taken at first: the callback answered 429"),
        (NOTICED, look(READ, RULED), "Not a reply: type Call"),
        (NOTICED, look(READ, RULED, RULED), "Not a reply: type Call; and 1 more"),
        (NOTICED, look(READ, CLOSED), "Resolved the conversation."),
        (NOTICED, look(DOWN), "Creatio: asked about the case, Creatio answered 503"),
        (NOTICED, look(READ), "Looked: both sides agree already"),
        (NOTICED, None, "Kept; its conversation is looked at next."),
        (replace(NOTICED, outcome=Outcome.HEALED), look(SENT), "No webhook came. Reply sent by widget"),
        (replace(NOTICED, outcome=Outcome.IGNORED, reason=f"Case {SOME} is not ours."), None, "Case 8f31c2 is not ours."),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)  # fmt: skip
def test_a_line_of_the_list_says_what_came_of_it(
    event: Noticed, ran: Ran | None, said: str
) -> None:
    assert telling.came_of(event, None if ran is None else Around(None, ran)) == said


def test_a_reply_that_was_read_a_moment_before_is_named_with_the_event_that_tells_of_it() -> None:
    early = look(READ, SENT, after=timedelta(milliseconds=-300))
    around = Around(early, look(READ))
    assert telling.came_of(NOTICED, around) == "Reply sent by widget, read just before"
    assert telling.came_of(NOTICED, Around(early, look(READ, RULED))) == "Not a reply: type Call"
    ruled = look(READ, RULED, SENT, after=timedelta(milliseconds=-300))
    told = telling.came_of(NOTICED, Around(ruled, look(READ, RULED)))
    assert told == "Reply sent by widget, read just before", "what was held back before is no news"
    down = telling.came_of(NOTICED, Around(early, look(DOWN)))
    assert down == "Creatio: asked about the case, Creatio answered 503", "nobody knows yet"
    event = replace(
        whole(look(READ), brought=(reply(State.DELIVERED, kept_at=NOON - timedelta(seconds=0.2)),)),
        before=early,
    )
    assert telling.result(event) == (
        "The reply by Clara reached the customer, on shop. It had been read just before Creatio called."
    )
    first = telling.chains(event)[0]
    assert (first.title, first.steps[0].at) == ("A look that began 300 ms before", "− 291 ms")  # noqa: RUF001


def whole(*ran: Ran, brought: tuple[Brought, ...] = (), stopped: str = "") -> WholeEvent:
    return WholeEvent(NOTICED, "main", "", None, b"", "Ines", stopped, None, ran, brought)


def reply(state: State, **more: object) -> Brought:
    later = NOON + timedelta(milliseconds=20)
    made = Brought(
        ConversationId(SOME), "Clara", "shop", state, "", 1, False, later, NOON + timedelta(seconds=2.3)
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type] # fields by name


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (
            whole(look(SENT), brought=(reply(State.DELIVERED),)),
            "The reply by Clara reached the customer, on shop, 2.3 s after Creatio called.",
        ),
        (
            whole(look(WAITED), brought=(reply(State.OWED, reason="429", author_name=""),)),
            "The reply is owed and tried again by itself, on shop: 429.",
        ),
        (
            whole(look(SENT), brought=(reply(State.READ), reply(State.FAILED))),
            "2 replies came of it: 1 read, 1 failed.",
        ),
        (whole(look(READ, RULED)), "No reply came of it. Not a reply: type Call."),
        (whole(look(READ)), "No reply came of it. Looked: both sides agree already."),
        (whole(look(DOWN), look(READ)), "No reply came of it. Looked: both sides agree already."),
        (
            whole(look(DOWN)),
            (
                "Kept; it waits for Creatio and is looked at again by itself."
                " Creatio: asked about the case, Creatio answered 503."
            ),
        ),
        (
            whole(stopped="The case is gone."),
            "Kept, but nobody looks: this conversation has stopped. The case is gone.",
        ),
        (whole(), "Kept; its conversation is looked at next."),
    ],
)
def test_one_event_is_a_sentence(event: WholeEvent, said: str) -> None:
    assert telling.result(event) == said


def test_the_first_look_stands_open_with_its_times_and_later_ones_are_folded() -> None:
    later = look(SENT, after=timedelta(seconds=90))
    kept, first, second = telling.chains(whole(look(READ, WAITED), later))
    assert [step.text for step in kept.steps] == ["Kept and answered 200"]
    assert [(step.text, step.at, step.colour) for step in first.steps] == [
        ("Creatio: read the case and 1 activity", "+ 19 ms", ""),
        ("API: did not take the reply, attempt 1", "+ 70 ms", "amber"),
    ]
    assert (first.folded, second.folded, second.title) == (False, True, "Looked again 1 min later")


def test_the_look_that_creatio_answered_at_last_stands_open_too() -> None:
    at_last = look(READ, SENT, after=timedelta(seconds=90))
    found = telling.chains(whole(look(DOWN), look(DOWN, after=timedelta(seconds=9)), at_last))
    assert [chain.folded for chain in found] == [False, False, True, False]


@pytest.mark.parametrize(
    ("raw", "text", "is_text"),
    [
        (b'{"a":\n1}', '{"a":\n1}', True),
        ("Grüße".encode(), "Grüße", True),
        (b"", "", True),
        (b"a\x00b", "61 00 62", False),
        (b"\xff", "ff", False),
        ("\u202eevil".encode(), "e2 80 ae 65 76 69 6c", False),
    ],
)
def test_a_body_is_text_or_bytes_in_hexadecimal(raw: bytes, text: str, is_text: bool) -> None:
    assert telling.body(raw) == telling.Body(text, is_text, len(raw))


def test_bars_begin_on_the_clocks_own_marks_and_keep_the_proportions() -> None:
    now = NOON + timedelta(minutes=7)
    span = strip.span_of(now - timedelta(hours=24), now, now=now)
    assert (span.width_in_words, span.since, span.until) == (
        "30 min",
        NOON - timedelta(hours=24),
        NOON + timedelta(minutes=30),
    )
    counts = (
        Counted(NOON, Outcome.ACCEPTED, 90),
        Counted(NOON, Outcome.REJECTED, 10),
        Counted(NOON - timedelta(hours=1), Outcome.IGNORED, 40),
        Counted(NOON - timedelta(hours=1), Outcome.NOTHING_NEW, 10),
        Counted(NOON - timedelta(hours=2), Outcome.HEALED, 1),
    )
    drawn = strip.draw(span, Strip(counts, now))
    assert drawn.totals == {"accepted": 90, "quiet": 50, "healed": 1, "rejected": 10}
    busiest = drawn.busiest
    assert busiest is not None
    assert [(piece.kind, piece.y, piece.height) for piece in busiest.pieces] == [
        ("accepted", 7.2, 64.8),
        ("rejected", 0.0, 7.2),
    ]
    heights = [sum(piece.height for piece in bar.pieces) for bar in drawn.bars if bar.counts]
    assert heights == [2, 36, 72], "what is there at all is seen"
    assert not drawn.whole


@pytest.mark.parametrize(
    ("span", "width"), [("6h", "5 min"), ("24h", "30 min"), ("7d", "3 h"), ("30d", "12 h")]
)
def test_every_span_has_room_for_its_bars(span: str, width: str) -> None:
    asked = Asked.of({"span": span}, UTC).filter(now=NOON)
    assert asked.since is not None
    found = strip.span_of(asked.since, NOON, now=NOON)
    assert found.width_in_words == width
    assert (found.until - found.since) / found.bar <= strip.MOST_BARS + 1
    long_ago = strip.span_of(
        NOON - timedelta(days=20, minutes=5), NOON - timedelta(days=20), now=NOON
    )
    assert long_ago.bar == timedelta(hours=1), "minutes are kept for two days"


def test_a_filter_is_said_as_a_person_would_say_it() -> None:
    asked = Asked.of({"outcome": "rejected", "span": "24h"}, UTC)
    assert asked.words(UTC) == "rejected events of the last 24 h"
    assert Asked().words(UTC) == "all events"
    assert asked.path(outcome="") == "/events?span=24h"
    between = {"since": "2026-03-03T12:00:00Z", "until": "2026-03-03T13:00:00Z"}
    moments = Asked.of(between, UTC)
    assert moments.words(UTC) == "all events from 3 Mar 2026, 12:00 UTC to 3 Mar 2026, 13:00 UTC"


def test_a_time_without_a_zone_is_one_of_the_organisation() -> None:
    typed = Asked.of({"since": "2026-07-03T00:00", "until": "2026-07-03T22:00:00Z"}, BERLIN)
    assert (typed.since, typed.until) == ("2026-07-02T22:00:00Z", "2026-07-03T22:00:00Z")
    assert typed.words(BERLIN) == "all events from 3 Jul 2026, 00:00 CEST to 4 Jul 2026, 00:00 CEST"
    assert typed.filter(now=NOON).since == datetime(2026, 7, 2, 22, tzinfo=UTC)


def test_a_strip_of_days_begins_at_midnight_there() -> None:
    month = timedelta(days=60)
    assert strip.span_of(NOON - month, NOON, now=NOON, zone=UTC).since.hour == 0
    berlin = strip.span_of(NOON - month, NOON, now=NOON, zone=BERLIN)
    assert (berlin.since.astimezone(BERLIN).hour, berlin.bar) == (0, timedelta(days=1))
    nepal = strip.span_of(NOON - month, NOON, now=NOON, zone=ZoneInfo("Asia/Kathmandu"))
    assert nepal.since.minute == 0, "counts are kept by the hour of UTC"
