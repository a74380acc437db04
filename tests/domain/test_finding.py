"""What is typed into the search becomes ranges of keys."""

from uuid import UUID

import pytest

from caseway.domain.finding import NOWHERE, folded, later_words, sought


def test_a_name_is_found_whatever_its_accents_and_capitals() -> None:
    assert folded("  Tomasz  WÓJCIK ") == "tomasz wojcik"
    assert folded("Straße") == "strasse"
    assert later_words("Rüdiger Obermayer-Schultheiß von Hohenlohe") == [
        "hohenlohe",
        "obermayer",
        "schultheiss",
        "von",
    ]
    assert (later_words("Tomasz"), later_words("")) == ([], [])


@pytest.mark.parametrize(
    ("typed", "kept", "found"),
    [
        ("+351 91", "+351915550204", True),
        ("00351 (91) 555", "+351915550204", True),
        ("351-91", "+351915550204", True),
        ("+351 92", "+351915550204", False),
        ("91 call me", "+351915550204", False),
        ("+1", "+12025550100", False),  # a digit or two is nobody's number
    ],
)
def test_a_number_is_found_as_people_write_it(typed: str, kept: str, *, found: bool) -> None:
    search = sought(typed)
    assert search is not None
    assert (search.phone[0] <= kept < search.phone[1]) is found


def test_the_beginning_of_a_conversations_id_is_a_range_of_ids() -> None:
    search = sought("8F31C2")
    assert search is not None
    first, last = search.id
    assert first == UUID("8f31c200-0000-0000-0000-000000000000")
    assert last == UUID("8f31c2ff-ffff-ffff-ffff-ffffffffffff")
    short = sought("8f31c")
    assert short is not None
    assert short.id[0] > short.id[1], "five digits are no id"
    whole = sought("{8f31c200-0000-0000-0000-00000000000a}")
    assert whole is not None
    assert whole.id == (UUID("8f31c200-0000-0000-0000-00000000000a"),) * 2


def test_nothing_typed_is_no_search_and_no_word_is_too_odd() -> None:
    assert sought(" \t ") is None
    odd = sought("\0 % _ ' \U0010ffff" + "x" * 5000)
    assert odd is not None
    assert odd.number[0] < odd.number[1]
    words = sought("no number")
    assert words is not None
    assert words.phone == NOWHERE
