"""The demo's log groups what was done by what set it off."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from caseway.domain.ids import ConversationId
from caseway.ports import Happened, JournalLine, Ran, Story
from caseway.web.demo.telling import groups, tour

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
MS = timedelta(milliseconds=1)


def happened(conversation: ConversationId | None, at: int, kind: str, about: str) -> Happened:
    return Happened(uuid4(), conversation, NOON + at * MS, kind, about, "accepted", "")


def ran(conversation: ConversationId, at: int, *lines: JournalLine) -> Ran:
    return Ran(uuid4(), conversation, NOON + at * MS, NOON + (at + 50) * MS, lines)


def story(happenings: list[Happened], runs: list[Ran]) -> Story:
    return Story(
        happened=tuple(happenings),
        ran=tuple(runs),
        wrote=True,
        case_opened=True,
        answered=False,
        arrived=False,
        resolved=False,
    )


def test_each_run_belongs_to_what_set_it_off() -> None:
    one, other = ConversationId(uuid4()), ConversationId(uuid4())
    line = JournalLine(4, "creatio", "created case SR1")
    told = groups(
        story(
            [
                happened(one, 0, "customer", "Hello"),
                happened(other, 10, "customer", "Elsewhere"),
                happened(one, 5_000, "webhook", "new_activity"),
            ],
            [
                ran(one, 3, line),
                ran(other, 12),
                ran(one, 5_002, JournalLine(2, "widget", "sent reply")),
            ],
        )
    )
    assert [(group.title, group.about or group.code) for group in told] == [
        ("Creatio called:", "new_activity"),
        ("The customer wrote", "Elsewhere"),
        ("The customer wrote", "Hello"),
    ]
    deeds = [[(deed.at, deed.text) for deed in group.deeds] for group in told]
    assert deeds[0][1:] == [("4 ms", "Widget: sent reply")]
    assert deeds[1][1:] == []
    assert deeds[2][1:] == [("7 ms", "Creatio: created case SR1")]
    assert told[2].took == "settled in 53 ms"


def test_a_retry_after_a_pause_stays_with_its_cause_and_shows_what_went_wrong() -> None:
    one = ConversationId(uuid4())
    late = JournalLine(0, "creatio", "create activity", "503", outcome="later")
    told = groups(
        story(
            [happened(one, 0, "customer", "Hello")],
            [ran(one, 1, late), ran(one, 21_000, JournalLine(0, "creatio", "created 1 activity"))],
        )
    )
    assert [(deed.at, deed.tone, deed.why) for deed in told[0].deeds[1:]] == [
        ("1 ms", "amber", "503"),
        ("21.0 s", "blue", ""),
    ]


def test_a_run_that_nothing_set_off_tells_itself_and_ids_are_short() -> None:
    one, reply = ConversationId(uuid4()), uuid4()
    told = groups(story([], [ran(one, 0, JournalLine(0, "caseway", f"kept reply {reply}"))]))
    assert told[0].title == "Looked again"
    assert told[0].deeds[0].text == f"Kept reply {str(reply)[:6]}"
    assert groups(story([], [ran(one, 0)])) == []


def test_what_was_refused_is_not_said_to_have_been_answered_with_200() -> None:
    bad = replace(
        happened(None, 0, "webhook", ""), outcome="rejected", reason="The body is not JSON."
    )
    [told] = groups(story([bad], []))
    assert told.deeds[0].text == "Event kept and refused. The body is not JSON."


def test_the_tour_ticks_what_is_true() -> None:
    assert tour(story([], [])).done == [True, True, False, False, False]
