"""What a customer reads of an agent's mail."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseway.creatio.quotes import fold_quotes
from caseway.creatio.words import plain_text


def test_paragraphs_and_links_survive() -> None:
    html = (
        "<style>p{color:red}</style><p>Hello&nbsp;<b>Ann</b>,</p><p>see <a"
        " href='https://x.example/a?b=1'>our page</a><br>or <a href='mailto:a@x.example'>write"
        " <i>us</i></a></p><script>alert(1)</script><!-- note -->"
    )
    assert plain_text(html) == (
        "Hello Ann,\n\nsee our page (https://x.example/a?b=1)\nor write us (a@x.example)"
    )


def test_an_address_that_is_its_own_text_is_told_once() -> None:
    assert plain_text("<a href='https://x.example/'>https://x.example</a>") == "https://x.example"
    assert plain_text("<a href='javascript:alert(1)'>press</a>") == "press"


@given(st.text())
def test_any_text_is_html_enough(html: str) -> None:
    plain_text(html)


WORDS = "The pads are here.\n\nRegards\nTom"


@pytest.mark.parametrize(
    "history",
    [
        "\n\nOn Mon, Nov 2, 2026 at 10:00 AM Ann <ann@x.example> wrote:\n> where are\n> my pads",
        "\n\nOn Mon, Nov 2, 2026 at 10:00 AM\nAnn <ann@x.example> wrote:\n\n> where",
        "\n\nAm Mo., 2. Nov. 2026 um 10:00 Uhr schrieb Ann <ann@x.example>:\nwo\nsind sie",
        "\n\nLe lun. 2 nov. 2026 à 10:00, Ann <ann@x.example> a écrit :\n> où",
        "\n\nEl lun, 2 nov 2026, Ann <ann@x.example> escribió:\n> dónde",
        "\n\nFrom: Ann <ann@x.example>\nSent: Monday\nTo: Shop\nSubject: pads\n\nwhere",
        "\n\n-----Original Message-----\nFrom: Ann\nSent: Monday\nTo: Shop\n\nwhere",
        "\n\nVon: Ann\nGesendet: Montag\nAn: Laden\nBetreff: Beläge\n\nwo",
        "\n-- \nTom Smith\nNorth Bikes",
        "\n> only a quotation\n> to the end\n\n",
    ],
)
def test_what_a_mail_answers_is_folded_away(history: str) -> None:
    assert fold_quotes(WORDS + history) == WORDS
    assert fold_quotes((WORDS + history).replace("\n", "\r\n")) == WORDS


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain words",
        "> nothing but a quotation",
        "From: me\nhello",
        "I wrote:\nthree lines",
        "Hello,\nAnn wrote to us on 2 Nov:\nshe wants her pads",
        "a list:\n- one\n- two\n---\nend",
        "> where are they?\nIn the shop.\n> when?\nTomorrow.",
    ],
)
def test_words_are_never_taken_for_history(text: str) -> None:
    assert fold_quotes(text) == text


@given(st.text(alphabet="> \nOnAmwrotesch:@1-_From*,", max_size=300))
def test_folding_only_ever_takes_from_the_end(text: str) -> None:
    folded = fold_quotes(text)
    assert folded == text or text.replace("\r\n", "\n").strip().startswith(folded)
    assert folded.strip() or not text.strip()


@pytest.mark.parametrize(
    "piece", ["On ", "> a\n", "> a\nb\n", "\n", "-", "From: a\n", "On a wrote:\n", " ", "_*_"]
)
def test_a_long_mail_costs_no_time(piece: str) -> None:
    begin = time.process_time()
    fold_quotes(piece * 20_000)
    assert time.process_time() - begin < 2
