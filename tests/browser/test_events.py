"""Events, in the hands of somebody who was asked why the customer did not get a reply."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from caseway.domain.roles import Role
from tests.acceptance.far import ask, eventually
from tests.browser.late import LateAnswers
from tests.browser.looking import Complaints, axe, browsing
from tests.browser.scene import NOBODYS_CASE, Scene
from tests.browser.shop import eventually as on_the_page

ROWS = "#log tr[data-row]"


def creatio_calls(scene: Scene, kind: str = "case_updated") -> None:
    """About a case that is not ours: kept, and nothing follows."""
    url = scene.demo.said["webhook_url"]
    ask("POST", url, {"event_type": kind, "caseId": NOBODYS_CASE})


def rows(page: Page) -> int:
    return page.locator(ROWS).count()


def test_new_events_come_by_themselves_and_wait_while_one_picks(
    browser: Browser, scene: Scene
) -> None:
    with browsing(browser, scene, Role.ADMIN, width=1600) as context:
        page, complaints = context.new_page(), Complaints()
        complaints.listen(page)
        # Of a case that only this module's tests call about: Creatio's own calls come when they like.
        page.goto(scene.address(f"/events?outcome=ignored&case={NOBODYS_CASE}"))
        expect(page.locator("[data-live-state]")).to_contain_text("Live")
        before = rows(page)
        creatio_calls(scene)
        expect(page.locator(ROWS)).to_have_count(before + 1)

        page.locator(f"{ROWS} input").first.check()
        creatio_calls(scene)
        creatio_calls(scene)
        offer = page.get_by_role("button", name="Show 2 new events")
        expect(offer).to_be_visible()
        assert rows(page) == before + 1, "the list did not move under the hand"
        offer.click()
        expect(page.locator(ROWS)).to_have_count(before + 3)
        assert complaints.said == []


def test_of_two_events_asked_for_the_later_one_stays(browser: Browser, scene: Scene) -> None:
    creatio_calls(scene)
    creatio_calls(scene)
    with browsing(browser, scene, Role.VIEWER, width=1600) as context:
        page = context.new_page()
        page.goto(scene.address("/events?outcome=ignored"))
        named = page.locator(ROWS).evaluate_all("rows => rows.map(row => row.id)")
        first, second = (page.locator(f"#{each} a.k") for each in named[:2])
        chosen = second.get_attribute("href")
        assert chosen
        late = LateAnswers(page, "**/events?*show=*")
        first.click()
        late.wait()
        second.click()
        late.wait(2)
        late.let_go()
        expect(page.locator("#beside")).to_contain_text(chosen.partition("show=")[2][:36])
        expect(page).to_have_url(scene.address(chosen.removesuffix("#beside")))


def test_an_event_opens_beside_the_list_and_says_what_came_of_it(
    browser: Browser, scene: Scene
) -> None:
    with browsing(browser, scene, Role.VIEWER, width=1600) as context:
        page = context.new_page()
        page.goto(scene.address("/events?conversation={conversation}"))
        page.locator(f"#e-{scene.event}").get_by_role("link", name="new_activity").click()
        panel = page.locator("#beside")
        expect(panel.get_by_role("heading", level=2)).to_be_focused()
        expect(panel).to_contain_text("reached the customer")
        expect(panel).to_contain_text('"event_type"')
        expect(page).to_have_url(re.compile(f"show={scene.event}"))
        expect(page.locator("#log tr.sel")).to_have_count(1)
        expect(panel.get_by_role("button", name="Replay")).to_have_count(0)
        assert axe(page) == []
        page.go_back()
        expect(panel.locator(".ev-panel")).to_have_count(0)

        row = page.locator(f"#e-{scene.event}")
        row.get_by_role("link", name="new_activity").click()
        expect(panel.get_by_role("heading", level=2)).to_be_focused()
        page.keyboard.press("Escape")
        expect(panel.locator(".ev-panel")).to_have_count(0)
        expect(row.get_by_role("link", name="new_activity")).to_be_focused()
        expect(page).not_to_have_url(re.compile("show="))


def test_a_list_that_is_drawn_anew_shuts_no_open_question(browser: Browser, scene: Scene) -> None:
    with browsing(browser, scene, Role.ADMIN) as context:
        page = context.new_page()
        page.goto(scene.address("/events?outcome=rejected&show={event}"))
        panel = page.locator("#beside")
        panel.get_by_text("Replay…").click()
        heading = panel.locator("[data-heading]")
        expect(heading).to_be_focused()
        late = LateAnswers(page, "**/events?*")
        creatio_calls(scene)  # no row of this list, but the bars are others
        late.wait()
        late.let_go()
        expect(heading).to_be_focused()
        page.keyboard.press("Escape")  # shuts the question, not the panel behind it
        expect(heading).to_be_hidden()
        expect(panel.locator(".ev-panel")).to_be_visible()


def test_on_a_phone_where_the_list_has_no_head_each_time_names_its_zone(
    browser: Browser, scene: Scene
) -> None:
    after = "time => getComputedStyle(time, '::after').content"
    with browsing(browser, scene, Role.VIEWER, width=390) as context:
        page = context.new_page()
        page.goto(scene.address("/events?conversation={conversation}"))
        time = page.locator(f"#e-{scene.event} time").first
        assert time.evaluate(after) == '" UTC"'
        page.set_viewport_size({"width": 1024, "height": 768})  # the head says it there
        on_the_page(page, lambda: time.evaluate(after) == "none")


def test_a_wrong_token_is_seen_where_one_looks_with_its_cause_and_its_remedy(
    browser: Browser, scene: Scene
) -> None:
    """The staged accident: Creatio's process still calls a URL that was replaced."""
    with browsing(browser, scene, Role.ADMIN) as context:
        page = context.new_page()
        line = page.locator(".cw-note.grey", has_text="Refused and not listed here")

        def told() -> bool:
            """Of today: the scene may be of yesterday. And refusals are written down late."""
            ask("POST", scene.demo.said["webhook_url"][:-4] + "0000", {})
            page.goto(scene.address("/events"))
            return line.is_visible()

        eventually(told, what="the refusals of today")
        expect(line).to_contain_text("with an ended or wrong token, from 127.0.0.1")
        expect(line).to_contain_text("put the current one into its web service")
        expect(line.get_by_role("link", name="Set-up guide")).to_have_attribute(
            "href", "/settings/integrations/creatio"
        )


@pytest.mark.parametrize("scripted", [True, False], ids=["scripted", "without scripts"])
def test_picked_events_are_replayed_after_a_dry_run(
    browser: Browser, scene: Scene, scripted: bool
) -> None:
    with browsing(browser, scene, Role.ADMIN, scripted=scripted) as context:
        page = context.new_page()
        page.goto(scene.address("/events?conversation={conversation}&outcome=accepted"))
        boxes = page.locator(f"{ROWS} input")
        many = boxes.count()
        for box in boxes.all():
            box.check()
        page.get_by_role("button", name="Replay picked…").click()
        dry = page.locator("#dry")
        expect(dry).to_contain_text(f"{many} events, 1 conversation, 1 look, about 2 calls, 0")
        page.get_by_role("button", name=f"Replay {many} events").click()
        expect(page.get_by_role("heading", level=2)).to_have_text(f"{many} picked events")
        if scripted:
            expect(page.locator("#order")).to_contain_text("1 of 1 conversation looked at")
            expect(page.locator("#order")).to_contain_text("0 replies were found")
        else:
            page.get_by_role("link", name="All events").click()
            expect(page.locator("h1")).to_have_text("Events")
