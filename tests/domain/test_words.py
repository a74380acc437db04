"""What we write into Creatio, as agents read it: in their language and by their clock."""

from dataclasses import fields, replace
from datetime import UTC, datetime
from string import Formatter
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseway.domain.conversation import Author, MessageKind, Own
from caseway.domain.ids import ActivityId, MessageId
from caseway.domain.words import TITLE_LENGTH, Language, Writing, first_words, texts_of

AT = datetime(2026, 5, 4, 14, 5, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
PLAIN = Writing(Language.ENGLISH, UTC)
GERMAN = Writing(Language.GERMAN, BERLIN)
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
HANDED_OFF = replace(SAID, kind=MessageKind.HANDOFF, author=Author.SYSTEM, author_name="", text="")
# What the two languages call alike.
ALIKE = {
    (Language.FRENCH, "agent"),
    (Language.POLISH, "ai"),
    (Language.DUTCH, "ai"),
}


def test_a_title_tells_who_when_and_the_first_words() -> None:
    assert PLAIN.activity_title(SAID) == "Customer · 14:05 · My brake squeals since Monday"
    assert PLAIN.activity_title(replace(SAID, author=Author.AI)).startswith("AI · 14:05")
    assert GERMAN.activity_title(SAID) == "Kunde · 16:05 · My brake squeals since Monday"
    winter = replace(SAID, written_at=datetime(2026, 1, 4, 23, 30, tzinfo=UTC))
    assert GERMAN.activity_title(winter).startswith("Kunde · 00:30 · ")


def test_our_own_notes_are_told_apart() -> None:
    failure = replace(SAID, kind=MessageKind.FAILURE)
    assert PLAIN.activity_title(failure) == "Caseway · a reply was not delivered"
    assert PLAIN.activity_title(HANDED_OFF) == "Caseway · handed off to a person"
    assert GERMAN.activity_title(HANDED_OFF) == "Caseway · an einen Menschen übergeben"


@given(text=st.text(), length=st.integers(2, 200))
def test_first_words_are_one_line_of_bounded_length(text: str, length: int) -> None:
    line = first_words(text, length)
    assert len(line) <= length
    assert line.splitlines() in ([], [line])


@given(text=st.text(), language=st.sampled_from(Language))
def test_an_activity_holds_every_word(text: str, language: Language) -> None:
    said, writing = replace(SAID, text=text), Writing(language, BERLIN)
    assert writing.activity_text(said) == text
    assert writing.activity_text(said, "Address not verified.").endswith(f"\n\n{text}")
    assert len(writing.activity_title(said)) <= TITLE_LENGTH


def test_a_hand_off_says_by_whom_and_why_as_far_as_it_is_known() -> None:
    angry = replace(HANDED_OFF, text="He is {angry}.")
    assert PLAIN.activity_text(HANDED_OFF) == "Handed off to a person."
    assert PLAIN.activity_text(angry) == "He is {angry}."
    by = replace(HANDED_OFF, author_name="Mara {Vogt}")
    assert GERMAN.activity_text(by) == "Übergeben von Mara {Vogt}."
    by = replace(angry, author_name="Mara Vogt")
    assert PLAIN.activity_text(by, "Address not verified.") == (
        "Address not verified.\n\nHanded off by Mara Vogt.\n\nHe is {angry}."
    )


def test_the_first_activity_warns_of_an_address_that_nobody_checked() -> None:
    preface = PLAIN.preface
    assert preface(verified=False, has_address=True, other_number="") == "Address not verified."
    assert preface(verified=True, has_address=True, other_number="") == ""
    assert preface(verified=False, has_address=False, other_number="") == ""
    assert "SR7" in preface(verified=True, has_address=True, other_number="SR7")


def test_a_case_names_the_one_before() -> None:
    said = PLAIN.case_description("Hello", "shop", "c-1", "SR00000001")
    assert said.splitlines() == [
        "Hello",
        "",
        "Written on shop. Conversation c-1.",
        "",
        "Follows case SR00000001.",
    ]
    assert PLAIN.case_subject(" ", "shop") == "Conversation on shop"


def test_a_contact_of_whom_nothing_is_known_is_a_visitor() -> None:
    assert PLAIN.contact_name("Ines", "ines@example.com") == "Ines"
    assert PLAIN.contact_name("  ", "ines@example.com") == "ines@example.com"
    assert GERMAN.contact_name("", "", " ") == "Besucher"


def test_a_failure_quotes_the_reply_and_the_reason_and_names_the_hour() -> None:
    assert PLAIN.failure("We order new pads", "the callback answered 410", AT) == (
        "This reply did not reach the customer (given up 2026-05-04 14:05 UTC): "
        "“We order new pads”.\nReason: the callback answered 410"
    )
    assert "(aufgegeben 2026-05-04 16:05 CEST): „We" in GERMAN.failure("We order new pads", "", AT)


@pytest.mark.parametrize("language", Language)
def test_every_language_says_everything_with_all_that_it_is_given(language: Language) -> None:
    for field in fields(texts_of(language)):
        text = getattr(texts_of(language), field.name)
        english = getattr(texts_of(Language.ENGLISH), field.name)
        assert given_to(text) == given_to(english), (language, field.name)
        assert text == text.strip() != "", (language, field.name)
        is_alike = text == english
        if language is not Language.ENGLISH:
            assert is_alike == ((language, field.name) in ALIKE), (language, field.name, text)


def given_to(text: str) -> list[str]:
    """The fields of a text, in no order: each language has its own."""
    return sorted(name for _, name, spec, conversion in Formatter().parse(text) if name)


@pytest.mark.parametrize("language", Language)
def test_every_language_writes_each_kind_of_text(language: Language) -> None:
    writing = Writing(language, BERLIN)
    for kind in MessageKind:
        for author in Author:
            for text in ("Hello", "long " * 2000):
                own = replace(SAID, kind=kind, author=author, text=text)
                assert 0 < len(writing.activity_title(own)) <= TITLE_LENGTH
                assert "Hello" in writing.activity_text(own) or "long" in text
    told = {
        "subject": writing.case_subject("", "shop"),
        "description": writing.case_description("Hi", "shop", "c-1", "SR1"),
        "preface": writing.preface(verified=False, has_address=True, other_number="SR2"),
        "failure": writing.failure("New pads", "no such customer", AT),
        "by": writing.activity_text(replace(HANDED_OFF, author_name="Mara")),
    }
    for name, parts in {
        "subject": ("shop",),
        "description": ("Hi", "shop", "c-1", "SR1"),
        "preface": ("SR2",),
        "failure": ("New pads", "no such customer", "2026-05-04 16:05 CEST"),
        "by": ("Mara",),
    }.items():
        for part in parts:
            assert part in told[name], (language, name)
        assert "{" not in told[name]


def test_languages_are_named_in_themselves() -> None:
    names = [texts_of(language).name for language in Language]
    assert len(set(names)) == len(names)
    assert {"English", "Deutsch", "Français", "Українська"} <= set(names)
