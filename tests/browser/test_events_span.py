"""The strip of bars on Events: a span of it is dragged, or marked by keys, whichever way it runs."""

from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from caseway.domain.roles import Role
from tests.browser.looking import Complaints, axe, browsing
from tests.browser.scene import Scene
from tests.browser.test_dashboard_look import mirror

FIRST, LAST = 10, 14


@pytest.fixture
def page(browser: Browser, scene: Scene) -> Iterator[Page]:
    with browsing(browser, scene, Role.VIEWER, width=1600) as context:
        page, complaints = context.new_page(), Complaints()
        complaints.listen(page)
        page.goto(scene.address("/events?outcome=accepted"))
        yield page
        assert complaints.said == []


def bar(page: Page, at: int) -> Locator:
    return page.locator(".ev-bars a").nth(at)


def words(page: Page, first: int, last: int) -> str:
    """The day stands once."""
    begun = bar(page, first).get_attribute("data-from") or ""
    ended = bar(page, last).get_attribute("data-to") or ""
    day = begun.rpartition(", ")[0]
    return f"{begun} to {ended.removeprefix(f'{day}, ') if day else ended}"


def press(page: Page, at: int, *, then: int) -> None:
    """The pointer goes down on one bar and across to another."""
    for step, each in enumerate((at, then)):
        box = bar(page, each).bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 30, steps=5)
        if not step:
            page.mouse.down()


def asked(address: str | None, name: str) -> list[str]:
    return parse_qs(urlsplit(address or "").query)[name]


def leads_to(page: Page, first: int, last: int, go: Callable[[], None]) -> None:
    """The filter is what both bars' links say, and no other was lost."""
    since = asked(bar(page, first).get_attribute("href"), "since")
    until = asked(bar(page, last).get_attribute("href"), "until")
    go()
    page.wait_for_url(lambda url: "since=" in url)
    assert (asked(page.url, "since"), asked(page.url, "until")) == (since, until)
    assert asked(page.url, "outcome") == ["accepted"]


def test_a_span_is_dragged_over_the_bars(page: Page) -> None:
    said = page.locator("[data-span-said]")
    told = words(page, FIRST, LAST)
    before = page.url

    press(page, FIRST, then=LAST)
    expect(said).to_have_text(told)
    expect(page.locator(".ev-bars a.marked")).to_have_count(LAST - FIRST + 1)
    page.keyboard.press("Escape")
    expect(said).to_be_empty()
    page.mouse.up()
    expect(page.locator(".ev-bars a.marked")).to_have_count(0)
    assert page.url == before

    press(page, LAST, then=FIRST)
    expect(said).to_have_text(told)
    leads_to(page, FIRST, LAST, page.mouse.up)

    page.go_back()
    expect(page.locator(".ev-bars a.marked")).to_have_count(0)
    there = bar(page, FIRST).get_attribute("href")
    bar(page, FIRST).click()
    page.wait_for_url(f"**{there}")


def test_a_span_is_marked_by_keys(page: Page) -> None:
    many = page.locator(".ev-bars a").count()
    page.locator(".ev-bars a[tabindex='0']").focus()
    expect(bar(page, many - 1)).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("[data-span-said]")).to_be_empty()
    for _ in range(3):
        page.keyboard.press("Shift+ArrowLeft")
    expect(bar(page, many - 5)).to_be_focused()
    expect(page.get_by_role("status").filter(has_text=" to ")).to_have_text(
        words(page, many - 5, many - 2)
    )
    assert axe(page) == []
    page.keyboard.press("Escape")
    expect(page.locator("[data-span-said]")).to_be_empty()
    page.keyboard.press("Shift+ArrowRight")
    leads_to(page, many - 5, many - 4, lambda: page.keyboard.press("Enter"))


def test_from_right_to_left_a_span_is_not_reversed(page: Page) -> None:
    mirror(page)
    left, right = bar(page, LAST).bounding_box(), bar(page, FIRST).bounding_box()
    assert left is not None
    assert right is not None
    assert left["x"] < right["x"], "the earlier bar stands to the right"
    bar(page, LAST).focus()
    page.keyboard.press("Shift+ArrowRight")
    expect(bar(page, LAST - 1)).to_be_focused()
    press(page, FIRST, then=LAST)
    expect(page.locator("[data-span-said]")).to_have_text(words(page, FIRST, LAST))
    leads_to(page, FIRST, LAST, page.mouse.up)


def test_without_scripts_a_bar_is_a_link(browser: Browser, scene: Scene) -> None:
    with browsing(browser, scene, Role.VIEWER, scripted=False) as context:
        page = context.new_page()
        page.goto(scene.address("/events"))
        there = bar(page, FIRST).get_attribute("href")
        bar(page, FIRST).click()
        page.wait_for_url(f"**{there}")
