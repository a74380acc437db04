"""A site with the chat widget on it, and what a customer does there."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime

from playwright.sync_api import Locator, Page

from tests.browser.widget_server import FarSide

WITHIN_SECONDS = 60  # the widget tries again after 30 s at the latest
NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)


class Shop:
    """The site and Caseway are different origins, as in life: localhost and 127.0.0.1."""

    def __init__(self, far: FarSide, port: int) -> None:
        self.far = far
        self.port = port
        self.base = f"http://127.0.0.1:{port}"
        self.tag()

    def tag(self, attributes: str = "", *, html: str = 'lang="en"') -> None:
        script = f'<script src="{self.base}/widget.js" data-channel="shop" {attributes} async>'
        self.show(f"<!doctype html><html {html}><head>{script}</script></head><body>")

    def show(self, html: str) -> None:
        self.far.html = html.replace(
            "<head>", '<head><meta name="viewport" content="width=device-width, initial-scale=1">'
        )

    def visit(self, page: Page) -> None:
        page.goto(f"http://localhost:{self.port}/")

    def open(self, page: Page) -> None:
        self.visit(page)
        page.get_by_role("button", name="Open chat").click()


def stop_time(page: Page) -> None:
    """For the page, before it is opened: no timer of its ends, however slow this machine is."""
    page.clock.install(time=NOON)
    page.clock.pause_at(NOON.replace(hour=13))


def write(page: Page, text: str) -> None:
    field = page.get_by_role("textbox", name="Write a message")
    field.fill(text)
    field.press("Enter")


def state(page: Page, word: str) -> Locator:
    """The lines below the customer's own messages that begin with the word: "Sent 13:59"."""
    return page.locator(".under.mine .fate > span").filter(has_text=re.compile(rf"^\s*{word}"))


def bubbles(page: Page) -> list[str]:
    return page.locator(".bubble .words").all_inner_texts()


def eventually(page: Page, question: Callable[[], bool]) -> None:
    """Waits on the page's own clock, so that Playwright goes on hearing the browser."""
    deadline = time.monotonic() + WITHIN_SECONDS
    while not question():
        assert time.monotonic() < deadline, "This did not come true in time."
        page.wait_for_timeout(20)
