"""The same story by clicking: a customer in the widget, an agent at the desk, and who watches both."""

import re
from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, BrowserContext, FrameLocator, Page, expect

from tests.acceptance.demo import Demo
from tests.browser.conftest import browser  # noqa: F401 - a fixture

PATIENCE_MS = 60_000
Place = Page | FrameLocator


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:  # noqa: F811
    made = browser.new_context(viewport={"width": 1500, "height": 900}, locale="en-GB")
    made.set_default_timeout(PATIENCE_MS)
    yield made
    made.close()


@pytest.fixture
def whole(context: BrowserContext, demo: Demo) -> Page:
    """The demo's page with all three sides."""
    page = context.new_page()
    page.goto(f"{demo.said['api_url']}/demo")
    return page


def _write(page: Page, text: str) -> None:
    field = page.get_by_role("textbox", name="Write a message")
    field.fill(text)
    field.press("Enter")


def _open_case(desk: Place, words: str) -> None:
    row = desk.get_by_role("link").filter(has_text=words).first
    expect(row).to_be_visible(timeout=PATIENCE_MS)
    row.click()


def _arrived(page: Page, text: str) -> None:
    expect(page.locator(".bubble .words").get_by_text(text, exact=True)).to_have_count(
        1, timeout=PATIENCE_MS
    )


def test_a_customer_and_an_agent_in_two_pages(context: BrowserContext, demo: Demo) -> None:
    shop, desk = context.new_page(), context.new_page()
    question, answer = f"Do you sell bells? {uuid4()}", f"We do. {uuid4()}"
    shop.goto(demo.said["widget_url"])
    _write(shop, question)
    expect(shop.get_by_text(re.compile(r"^\s*Sent"))).to_be_visible(timeout=PATIENCE_MS)

    desk.goto(demo.said["agent_desk_url"])
    _open_case(desk, question)
    expect(desk.get_by_role("log")).to_contain_text(question)
    _answer(desk, answer)
    _arrived(shop, answer)

    _write(shop, "Two of them, then.")
    expect(desk.get_by_role("log")).to_contain_text("Two of them, then.", timeout=PATIENCE_MS)
    desk.get_by_role("button", name="Resolve", exact=True).click()
    expect(desk.get_by_role("button", name="Reopen")).to_be_visible(timeout=PATIENCE_MS)
    expect(shop.get_by_text("resolved", exact=False).first).to_be_visible(timeout=PATIENCE_MS)
    _arrived(shop, answer)


def test_everything_on_one_page_and_three_ways_to_break_it(whole: Page) -> None:
    desk = whole.frame_locator("#desk")
    question = f"Where is my order? {uuid4()}"
    _write(whole, question)
    _open_case(desk, question)
    _answer(desk, "On its way.")
    _arrived(whole, "On its way.")
    log = whole.get_by_role("log", name="What Caseway did")
    expect(log).not_to_contain_text("Write something on the left.")

    whole.get_by_role("button", name="Lose the next webhook").click()
    _is_broken(whole, "lost")
    _answer(desk, "A lost webhook.")
    _arrived(whole, "A lost webhook.")

    whole.get_by_role("button", name="Creatio down for 20 s").click()
    _is_broken(whole, "down")
    _answer(desk, "While Creatio was down.")
    _arrived(whole, "While Creatio was down.")

    whole.get_by_role("button", name="Kill Caseway").click()
    _is_broken(whole, "killed")
    _answer(desk, "While Caseway was dead.")
    _arrived(whole, "While Caseway was dead.")

    desk.get_by_role("button", name="Resolve", exact=True).click()
    steps = whole.get_by_role("list", name="A tour in five steps").get_by_role("listitem")
    expect(steps.locator(".state").get_by_text("done")).to_have_count(5, timeout=PATIENCE_MS)
    said = whole.locator(".bubble .words").all_inner_texts()
    assert said == [
        *(question, "On its way.", "A lost webhook."),
        *("While Creatio was down.", "While Caseway was dead."),
    ]


def _answer(desk: Place, text: str) -> None:
    desk.get_by_role("textbox", name="Text", exact=True).fill(text)
    desk.get_by_role("button", name="Save").click()
    expect(desk.get_by_role("log")).to_contain_text(text, timeout=PATIENCE_MS)


def _is_broken(page: Page, word: str) -> None:
    expect(page.locator("#broken")).to_contain_text(word, timeout=PATIENCE_MS)
