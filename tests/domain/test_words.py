"""What we write into Creatio, as agents read it."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from caseway.domain import words
from caseway.domain.conversation import Author, MessageKind, Own
from caseway.domain.ids import ActivityId, MessageId

AT = datetime(2026, 5, 4, 14, 5, tzinfo=UTC)
SAID = Own(
    MessageId(UUID(int=1)),
    ActivityId(UUID(int=2)),
    1,
    Author.CONTACT,
    "Ines",
    MessageKind.TEXT,
    "My brake squeals\nsince Monday",
    AT,
)


def test_a_title_tells_who_when_and_the_first_words() -> None:
    title = words.activity_title(SAID, UTC)
    berlin = ZoneInfo("Europe/Berlin")
    assert words.activity_title(SAID, berlin).startswith("Customer · 16:05 · ")
    winter = replace(SAID, written_at=datetime(2026, 1, 4, 23, 30, tzinfo=UTC))
    assert words.activity_title(winter, berlin).startswith("Customer · 00:30 · ")
    assert title == "Customer · 14:05 · My brake squeals since Monday"
    assert words.activity_title(replace(SAID, author=Author.AI), UTC).startswith("AI · 14:05")


def test_our_own_notes_are_told_apart() -> None:
    failure = replace(SAID, kind=MessageKind.FAILURE)
    assert words.activity_title(failure, UTC) == "Caseway · a reply was not delivered"
    handoff = replace(SAID, kind=MessageKind.HANDOFF)
    assert words.activity_title(handoff, UTC) == "Caseway · handed off to a person"


@given(text=st.text(), length=st.integers(2, 200))
def test_first_words_are_one_line_of_bounded_length(text: str, length: int) -> None:
    line = words.first_words(text, length)
    assert len(line) <= length
    assert line.splitlines() in ([], [line])


@given(text=st.text())
def test_an_activity_holds_every_word(text: str) -> None:
    said = replace(SAID, text=text)
    assert words.activity_text(said) == text
    assert words.activity_text(said, "Address not verified.").endswith(f"\n\n{text}")
    assert len(words.activity_title(said, UTC)) <= words.TITLE_LENGTH


def test_the_first_activity_warns_of_an_address_that_nobody_checked() -> None:
    assert words.preface(verified=False, has_address=True, other_number="") == (
        "Address not verified."
    )
    assert words.preface(verified=True, has_address=True, other_number="") == ""
    assert words.preface(verified=False, has_address=False, other_number="") == ""
    assert "SR7" in words.preface(verified=True, has_address=True, other_number="SR7")


def test_a_case_names_the_one_before() -> None:
    said = words.case_description("Hello", "shop", "c-1", "SR00000001")
    assert said.splitlines() == [
        "Hello",
        "",
        "Written on shop. Conversation c-1.",
        "",
        "Follows case SR00000001.",
    ]
    assert words.case_subject("", "shop") == "Conversation on shop"


def test_a_failure_quotes_the_reply_and_the_reason() -> None:
    said = words.failure_text("We order new pads", "no such customer", AT, UTC)
    assert "“We order new pads”" in said
    assert "no such customer" in said
    assert "2026-05-04 14:05 UTC" in said
    there = words.failure_text("We order new pads", "", AT, ZoneInfo("Europe/Berlin"))
    assert "(given up 2026-05-04 16:05 CEST)" in there
