"""What holds for every page of the dashboard, in a real browser."""

import pytest
from playwright.sync_api import Browser, Page, expect

from caseway.domain.roles import Role
from tests.browser.looking import THEMES, WIDTHS, Complaints, axe, browsing, overflow
from tests.browser.rooms import ROOMS, Room
from tests.browser.scene import Scene

LIMIT_BYTES = 200 * 1024

rooms = pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)


@rooms
def test_a_page_holds_in_both_themes_and_at_every_width(
    browser: Browser, scene: Scene, room: Room
) -> None:
    """No serious finding of axe, nothing that sticks out, no complaint of the browser."""
    for theme in THEMES:
        with browsing(browser, scene, room.role, theme=theme) as context:
            page, complaints = context.new_page(), Complaints()
            complaints.listen(page)
            page.goto(scene.address(room.path))
            for width, height in WIDTHS.items():
                page.set_viewport_size({"width": width, "height": height})
                assert overflow(page) == [], (theme, width)
                assert axe(page) == [], (theme, width)
            assert page.evaluate("document.documentElement.dataset.bsTheme") == theme
            assert [each for each in complaints.said if "status of 4" not in each] == []
            expect(page.get_by_role("heading", level=1)).to_have_count(1)


@rooms
def test_a_first_visit_weighs_less_than_200_kib(browser: Browser, scene: Scene, room: Room) -> None:
    weight = first_load(browser, scene, room)
    print(f"{room.name}: {sum(weight.values()) / 1024:.1f} KiB, {weight}")
    assert sum(weight.values()) < LIMIT_BYTES, weight


def first_load(browser: Browser, scene: Scene, room: Room) -> dict[str, int]:
    """Bytes on the wire, by address: bodies as they were compressed, and their headers."""
    with browsing(browser, scene, room.role) as context:
        page = context.new_page()
        devtools = context.new_cdp_session(page)
        devtools.send("Network.enable")
        names: dict[str, str] = {}
        weight: dict[str, int] = {}
        devtools.on(
            "Network.responseReceived",
            lambda told: names.update({told["requestId"]: told["response"]["url"]}),
        )
        devtools.on(
            "Network.loadingFinished",
            lambda told: weight.update(
                {names[told["requestId"]].removeprefix(scene.url): int(told["encodedDataLength"])}
            ),
        )
        page.goto(scene.address(room.path), wait_until="load")
        expect(page.locator("main")).to_be_visible()
        assert len(weight) > 2
        return weight


def test_a_page_mirrors_from_right_to_left_and_nothing_sticks_out(
    browser: Browser, scene: Scene
) -> None:
    for width in WIDTHS:
        with browsing(browser, scene, Role.OWNER, width=width) as context:
            page = context.new_page()
            for room in ROOMS:
                if room.role is None:
                    continue
                page.goto(scene.address(room.path))
                mirror(page)
                assert overflow(page) == [], (room.name, width)
            if width > 860:
                side, main = (
                    page.locator(".cw-side").bounding_box(),
                    page.locator("main").bounding_box(),
                )
                assert side is not None
                assert main is not None
                assert side["x"] > main["x"]


def mirror(page: Page) -> None:
    page.evaluate(
        """async () => {
            document.documentElement.dir = "rtl";
            const tabler = document.querySelector("link[href*='tabler']");
            const mirrored = document.createElement("link");
            mirrored.rel = "stylesheet";
            mirrored.href = "/static/built/tabler.rtl.min.css";
            const loaded = new Promise((done) => mirrored.addEventListener("load", done));
            tabler.replaceWith(mirrored);
            await loaded;
        }"""
    )
