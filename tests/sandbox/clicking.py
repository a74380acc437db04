"""A person with a mouse and a keyboard, who counts what it costs them."""

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

WIDTHS = (1600, 1024, 390, 320)
GROUNDS = {"light": "rgb(246, 247, 249)", "dark": "rgb(15, 20, 27)"}
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
SWITCHES = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
    "--disable-gpu",
    "--disable-dev-shm-usage",
)

expect.set_options(timeout=20_000)  # a loaded machine is slow, not wrong


@contextmanager
def a_browser() -> Iterator[Browser]:
    named = os.environ.get("CASEWAY_TEST_BROWSER")
    found = named or next(filter(None, map(shutil.which, NAMES)), None)
    assert found, "No browser found: install chromium, or name its program in CASEWAY_TEST_BROWSER."
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=found, args=list(SWITCHES))
        yield launched
        launched.close()


STICKING_OUT = """
() => [...document.body.querySelectorAll("*")]
  .filter((one) => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .slice(0, 5).map((one) => `${one.tagName}.${one.className}`)
"""


def fits_everywhere(page: Page, paths: Iterable[str], theme: str) -> None:
    """Each page at every width: nothing sticks out, the banner is seen, nothing is complained of."""
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text))
    page.on("pageerror", lambda failure: troubles.append(str(failure)))
    ground = GROUNDS[theme]
    for path in paths:
        page.goto(f"{path}{'&' if '?' in path else '?'}theme={theme}")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == ground
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            beyond = page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert beyond == 0, (path, width, beyond, page.evaluate(STICKING_OUT))
            expect(page.get_by_text("Sandbox, not Creatio.")).to_be_in_viewport()
    assert troubles == []


@dataclass
class Hand:
    page: Page
    scripted: bool
    clicks: int = 0
    fields: int = 0

    def button(self, name: str) -> None:
        self.click(self.page.get_by_role("button", name=name, exact=True))

    def link(self, name: str) -> None:
        self.click(self.page.get_by_role("link", name=name, exact=True))

    def click(self, what: Locator) -> None:
        self.clicks += 1
        what.click()

    def tick(self, name: str) -> None:
        self.clicks += 1
        self.page.get_by_label(name, exact=True).set_checked(True)

    def type(self, field: str, text: str) -> None:
        self.fields += 1
        self.page.get_by_label(field, exact=True).fill(text)

    def pick(self, field: str, choice: str) -> None:
        """Opens a list and takes a line of it: two clicks."""
        self.clicks += 2
        self.page.get_by_label(field, exact=True).select_option(label=choice)

    def settle(self, where: Locator, shown: str) -> None:
        """The script applies a choice at once; without one a button does."""
        if not self.scripted:
            self.button("Apply")
        expect(where).to_contain_text(shown)
