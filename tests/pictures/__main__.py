"""Takes pictures of every page: `./dev pictures [FOLDER]`, by default into .cache/pictures.

At 390, 1024 and 1600 px, light and dark, with the data of tests/browser/scene.py. With --readme
also the two of docs/pictures/.
"""

import argparse
import base64
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page

from caseway.domain.roles import Role
from tests.browser.conftest import launched
from tests.browser.looking import THEMES, WIDTHS, browsing
from tests.browser.rooms import ROOMS
from tests.browser.scene import Scene, staged

ROOT: Final = Path(__file__).resolve().parents[2]
# On a picture of the whole page, what sticks to the window would lie over it.
WHOLE: Final = """
for (const name of [".cw-tabs", ".cw-top", ".cw-bar"])
  document.querySelector(name)?.style.setProperty("position", "static");
document.querySelector(".cw-side")?.style.setProperty("height", "auto");
"""
README: Final = ROOT / "docs/pictures"
README_SIZE: Final = {"width": 1280, "height": 800}
README_PAGE: Final = "/inbox/{conversation}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="./dev pictures", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / ".cache/pictures")
    parser.add_argument(
        "--only", default="", metavar="ROOM", help="pages whose name has this in it"
    )
    parser.add_argument("--readme", action="store_true", help="the two of docs/pictures as well")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    with launched() as browser, staged() as scene:
        for theme in THEMES:
            for room in ROOMS:
                if asked.only in room.name:
                    everywhere(
                        browser, scene, room.path, room.role, theme, asked.folder / room.name
                    )
            if asked.readme:
                for_the_readme(browser, scene, theme)
    print(asked.folder)


def everywhere(
    browser: Browser, scene: Scene, path: str, role: Role | None, theme: str, stem: Path
) -> None:
    with browsing(browser, scene, role, theme=theme) as context:
        page = context.new_page()
        page.goto(scene.address(path))
        for width, height in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": height})
            page.evaluate(WHOLE)
            page.screenshot(path=f"{stem}-{width}-{theme}.png", full_page=True)


def for_the_readme(browser: Browser, scene: Scene, theme: str) -> None:
    with browsing(browser, scene, Role.OWNER, theme=theme) as context:
        page = context.new_page()
        page.set_viewport_size({"width": README_SIZE["width"], "height": README_SIZE["height"]})
        page.goto(scene.address(README_PAGE))
        while (
            "Healthy" not in page.locator("#glance").inner_text()
        ):  # the first sweep has yet to end
            page.reload()
        README.mkdir(parents=True, exist_ok=True)
        (README / f"dashboard-{theme}.webp").write_bytes(webp(page))


def webp(page: Page) -> bytes:
    devtools = page.context.new_cdp_session(page)
    taken = devtools.send("Page.captureScreenshot", {"format": "webp", "quality": 90})
    return base64.b64decode(taken["data"])


if __name__ == "__main__":
    main()
