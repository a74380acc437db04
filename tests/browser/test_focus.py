"""What has the focus is seen: nothing that floats lies over it (WCAG 2.2, 2.4.11)."""

from typing import Final

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.looking import WIDTHS, browsing
from tests.browser.rooms import ROOMS, Room
from tests.browser.scene import Scene

MOST: Final = 400  # steps of the Tab key until the page has been walked
FLOATING: Final = {  # pages and widths where something floats
    ("ticketing-new", 390),
    ("ticketing-new", 1024),
    ("events-beside", 390),
    ("conversation", 390),
}

# Where it is, and whether any of nine points on it shows it: itself, what is in it, or its label.
FOCUSED: Final = """
() => {
  const on = document.activeElement;
  if (!on || on === document.body) return null;
  const box = on.getBoundingClientRect();
  const labels = [...(on.labels ?? [])];
  const own = (hit) => hit && (on.contains(hit) || labels.some((label) => label.contains(hit)));
  const at = (share, from, length) => from + Math.max(1, Math.min(length - 1, share * length));
  let seen = false;
  for (const x of [0, .5, 1]) for (const y of [0, .5, 1])
    seen ||= own(document.elementFromPoint(at(x, box.left, box.width), at(y, box.top, box.height)));
  const name = on.getAttribute("aria-label") ?? on.name ?? "";
  return {seen, last: !!on.dataset.walked, what: `${on.tagName} ${name || on.textContent.trim().slice(0, 40)}`,
          mark: (on.dataset.walked = "yes"), top: Math.round(box.top), bottom: Math.round(box.bottom)};
}
"""


@pytest.mark.parametrize(
    ("room", "width"),
    [(each, width) for each in ROOMS for width in WIDTHS if (each.name, width) in FLOATING],
    ids=lambda value: getattr(value, "name", None),
)
def test_nothing_lies_over_what_has_the_focus(
    browser: Browser, scene: Scene, room: Room, width: int
) -> None:
    with browsing(browser, scene, room.role, width=width) as context:
        page = context.new_page()
        for key in ("Tab", "Shift+Tab"):
            page.goto(scene.address(room.path))
            assert walked(page, key) == [], key


def walked(page: Page, key: str) -> list[str]:
    """What was covered, from one end of the page to the other."""
    covered: list[str] = []
    for _ in range(MOST):
        page.keyboard.press(key)
        found = page.evaluate(FOCUSED)
        if found is None or found["last"]:
            return covered
        if not found["seen"]:
            covered.append(f"{found['what']} at {found['top']} to {found['bottom']}")
    raise AssertionError(f"more than {MOST} places to stop")
