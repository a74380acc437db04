"""What a test sees of a page that a person would only feel: its weight, its edges, its names."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, BrowserContext, Page

from caseway.domain.roles import Role
from tests.browser.scene import Scene

AXE: Final = Path(__file__).resolve().parents[2] / "dashboard/node_modules/axe-core/axe.min.js"
WIDTHS: Final = {390: 844, 1024: 768, 1600: 1000}
# A small phone and 200 % zoom; what lies on both sides of where a page changes its form.
BETWEEN: Final = (320, 512, 860, 1000, 1010, 1200, 1440)
THEMES: Final = ("light", "dark")
GRAVE: Final = frozenset({"serious", "critical"})
# WCAG 2.2 AA, and axe's own advice on landmarks, headings and names.
RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def axe(page: Page) -> list[str]:
    """Each serious or critical finding, with where it is."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE.read_text())
    found = page.evaluate(
        "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", RULES
    )
    return [
        f"{each['id']} ({each['impact']}): {each['help']}: "
        + "; ".join(
            f"{node['html'][:160]} {node['failureSummary'][:300]}" for node in each["nodes"][:3]
        )
        for each in found["violations"]
        if each["impact"] in GRAVE
    ]


OVERFLOW: Final = """
() => {
  const room = document.documentElement.clientWidth;
  const scrolls = (e) => e && (/auto|scroll|hidden|clip/.test(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
  const words = (card) => {
    const edge = card.getBoundingClientRect(), walk = document.createTreeWalker(card, NodeFilter.SHOW_TEXT), found = [];
    while (walk.nextNode()) {
      const text = walk.currentNode, range = document.createRange();
      range.selectNodeContents(text);
      const box = range.getBoundingClientRect();
      const shown = box.width > 2 && text.data.trim() && text.parentElement.checkVisibility() && !text.parentElement.closest(".vh, option, .cw-ask");
      if (shown && (box.right > edge.right + 1 || box.left < edge.left - 1) && !scrolls(text.parentElement))
        found.push(`"${text.data.trim().slice(0, 40)}" sticks out of its card`);
    }
    return found;
  };
  const cards = [...document.querySelectorAll(".cw-card, .cw-note")].flatMap(words).slice(0, 5);
  if (document.documentElement.scrollWidth <= room) return cards;
  return [...document.body.querySelectorAll("*")]
    .filter((e) => {
      const box = e.getBoundingClientRect();
      return box.width && (box.right > room + 1 || box.left < -1) && !scrolls(e.parentElement);
    })
    .slice(0, 5)
    .map((e) => `${e.tagName}.${e.className}: ${Math.round(e.getBoundingClientRect().left)} to ${Math.round(e.getBoundingClientRect().right)} of ${room}`)
    .concat([`the page is ${document.documentElement.scrollWidth} wide`], cards);
}
"""


def overflow(page: Page) -> list[str]:
    """What sticks out of the page at its sides."""
    found: list[str] = page.evaluate(OVERFLOW)
    return found


@dataclass
class Complaints:
    """What the browser says of a page: scripts that failed, styles that the policy refused."""

    said: list[str] = field(default_factory=list)

    def listen(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on(
            "console",
            lambda line: self.said.append(line.text) if line.type in {"error", "warning"} else None,
        )


@contextmanager
def browsing(
    browser: Browser,
    scene: Scene,
    role: Role | None,
    *,
    session: str = "",
    width: int = 1024,
    theme: str = "light",
    scripted: bool = True,
) -> Iterator[BrowserContext]:
    """The browser of somebody of this role; None: nobody is signed in, or whose `session` it is."""
    context = browser.new_context(
        viewport={"width": width, "height": WIDTHS.get(width, 800)},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
        locale="en-GB",
        java_script_enabled=scripted,
    )
    context.set_default_timeout(30_000)
    cookie = session if role is None else scene.sessions[role]
    if cookie:
        context.add_cookies([{"name": "caseway", "value": cookie, "url": scene.url}])
    yield context
    context.close()
