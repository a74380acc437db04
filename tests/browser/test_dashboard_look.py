"""What holds for every page of the dashboard, in a real browser."""

from functools import partial

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from caseway.domain.roles import Role
from tests.browser.looking import BETWEEN, WIDTHS, Complaints, axe, browsing, overflow
from tests.browser.rooms import ROOMS, Room
from tests.browser.scene import Scene
from tests.browser.shop import eventually as on_the_page

LIMIT_BYTES = 200 * 1024

WITHIN = """
ask => {
  const box = ask.getBoundingClientRect(), room = ask.closest("main").getBoundingClientRect();
  return box.left >= room.left - 1 && box.right <= room.right + 1;
}
"""

rooms = pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)


@rooms
def test_a_page_holds_in_both_themes_at_every_width_and_mirrored(
    browser: Browser, scene: Scene, room: Room
) -> None:
    """No serious finding of axe, nothing that sticks out, no complaint of the browser, not heavy."""
    with browsing(browser, scene, room.role) as context:
        page, complaints = context.new_page(), Complaints()
        complaints.listen(page)
        weight = first_load(page, scene, room)
        print(f"{room.name}: {sum(weight.values()) / 1024:.1f} KiB")
        assert sum(weight.values()) < LIMIT_BYTES, weight
        expect(page.get_by_role("heading", level=1)).to_have_count(1)

        for width, height in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": height})
            assert overflow(page) == [], width
            # A phone's page in light, a wide one in dark: one of them has every part.
            if width == 390 or (width == 1600 and room.name == "settings"):
                assert axe(page) == [], width
        for width in BETWEEN:
            page.set_viewport_size({"width": width, "height": 800})
            assert overflow(page) == [], width
        page.emulate_media(color_scheme="dark")
        expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
        assert axe(page) == [], "dark"

        mirror(page)
        for width, height in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": height})
            assert overflow(page) == [], f"{width}, right to left"
        assert [each for each in complaints.said if "status of 4" not in each] == []


ASKING = ("conversation", "events-beside", "widget", "api", "team", "keys")
asking = pytest.mark.parametrize(
    "room", [room for room in ROOMS if room.name in ASKING], ids=lambda room: room.name
)


@asking
def test_a_question_opens_within_its_page(browser: Browser, scene: Scene, room: Room) -> None:
    with browsing(browser, scene, room.role) as context:
        page = context.new_page()
        page.goto(scene.address(room.path))
        questions = page.locator("[data-confirm]")
        expect(questions).not_to_have_count(0)
        for width, height in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": height})
            for question in questions.all():
                question.locator("summary").click()
                expect(question.locator("[data-heading]")).to_be_focused()
                # The page learns of its new width when it comes to it, and turns the question then.
                on_the_page(page, partial(is_within, question))
                page.keyboard.press("Escape")
                expect(question.locator(".cw-ask")).to_be_hidden()


@asking
def test_an_open_question_stays_within_its_page_when_that_is_resized(
    browser: Browser, scene: Scene, room: Room
) -> None:
    with browsing(browser, scene, room.role, width=390) as context:
        page = context.new_page()
        page.goto(scene.address(room.path))
        for question in page.locator("[data-confirm]").all():
            question.locator("summary").click()
            expect(question.locator("[data-heading]")).to_be_focused()
            for width in (1024, 1600, 390):
                page.set_viewport_size({"width": width, "height": WIDTHS[width]})
                on_the_page(page, partial(is_within, question))
            page.keyboard.press("Escape")


def is_within(question: Locator) -> bool:
    return bool(question.locator(".cw-ask").evaluate(WITHIN))


def first_load(page: Page, scene: Scene, room: Room) -> dict[str, int]:
    """Bytes on the wire, by address: bodies as they were compressed, and their headers."""
    devtools = page.context.new_cdp_session(page)
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


def test_from_right_to_left_the_side_bar_is_on_the_right(browser: Browser, scene: Scene) -> None:
    with browsing(browser, scene, Role.OWNER) as context:
        page = context.new_page()
        page.goto(scene.address("/settings"))
        expect(page.locator(".cw-side")).to_be_visible()
        mirror(page)
        expect(page.locator(".cw-side")).to_be_visible()
        side, main = page.locator(".cw-side").bounding_box(), page.locator("main").bounding_box()
        assert side is not None
        assert main is not None
        assert side["x"] > main["x"]


def test_without_scripts_a_page_promises_nothing_that_it_cannot_do(
    browser: Browser, scene: Scene
) -> None:
    leaving = scene.newcomer(Role.OWNER)
    with browsing(browser, scene, None, session=leaving, scripted=False) as context:
        page = context.new_page()
        page.goto(scene.address("/settings"))
        expect(page.locator("[data-theme-switch]").first).to_be_hidden()
        page.get_by_role("link", name="Your account").first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Your account")
        page.locator(".cw-menu summary").click()
        page.get_by_role("button", name="Sign out").first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_the_theme_of_the_switch_is_kept_for_the_person(browser: Browser, scene: Scene) -> None:
    somebody = scene.newcomer(Role.VIEWER)
    for theme in ("dark", "light"):
        with browsing(browser, scene, None, session=somebody) as context:
            page = context.new_page()
            page.goto(scene.address("/settings/account"))
            with page.expect_response("**/settings/account/theme"):
                page.locator(".cw-side [data-theme-switch]").click()
            expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)
        with browsing(browser, scene, None, session=somebody) as context:  # another browser
            page = context.new_page()
            page.goto(scene.address("/settings/account"))
            expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)


def mirror(page: Page) -> None:
    page.evaluate(
        """async () => {
            document.documentElement.dir = "rtl";
            const tabler = document.querySelector("link[href*='tabler.min']");
            if (!tabler) return;
            const mirrored = document.createElement("link");
            mirrored.rel = "stylesheet";
            mirrored.href = "/static/built/tabler.rtl.min.css";
            const loaded = new Promise((done) => mirrored.addEventListener("load", done));
            tabler.replaceWith(mirrored);
            await loaded;
        }"""
    )
