"""The page and the how-to say the same steps; the check of the library knows the same titles."""

from caseway.creatio.library import LISTED, ProcessRow, listed
from caseway.domain.guide import TITLES, YOUR_CREATIO
from tests.config.guide import guide, written


def test_the_how_to_says_what_the_page_says() -> None:
    _, inside, after = written()
    assert after
    assert inside == guide(), "out of date: .venv/bin/python -m tests.config.guide"


def test_the_library_is_searched_for_the_titles_that_the_guide_gives() -> None:
    given = {
        part.event_type: value.value
        for part in YOUR_CREATIO
        for step in part.steps
        for value in step.values
        if value.field == "Title"
    }
    assert given == TITLES
    assert all(title.startswith("Caseway") for title in TITLES.values())
    assert "Caseway" in LISTED
    rows = [ProcessRow(caption=title, enabled=True) for title in TITLES.values()]
    assert set(listed([*rows, ProcessRow(caption="Caseway: other")])) == set(TITLES.values())
