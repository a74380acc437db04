"""The inbox and one conversation in a real browser: what happens is seen, with its cause."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from caseway.domain.roles import Role
from tests.acceptance.far import eventually
from tests.browser.conftest import PATIENCE_MS
from tests.browser.looking import browsing
from tests.browser.scene import Scene

CALL = "e1831dec-cfc0-df11-b00f-001d60e938c6"  # Creatio's type of activity
HEALED_WITHIN_MS = 120_000  # the sweep's turn, on a loaded machine
AGAIN_WITHIN_S = 120.0  # what was refused for a minute is tried again after another


@pytest.fixture
def page(browser: Browser, scene: Scene) -> Iterator[Page]:
    with browsing(browser, scene, Role.OWNER) as context:
        yield context.new_page()


def test_the_inbox_follows_what_happens_and_what_is_typed(scene: Scene, page: Page) -> None:
    page.goto(scene.address("/inbox"))
    rows = page.locator("[data-row]")
    expect(rows.filter(has_text="Wei Chen")).to_be_visible()
    before = page.evaluate("history.length")
    page.locator("#find").press_sequentially("obermayer")
    expect(page).to_have_url(re.compile(r"q=obermayer"))
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Rüdiger Obermayer-Schultheiß")
    # Whoever pauses between the letters has a step of history for each pause.
    page.evaluate("before => history.go(before - history.length)", before)
    expect(rows.filter(has_text="Wei Chen")).to_be_visible()

    page.locator("#find").fill("zainab")
    expect(page).to_have_url(re.compile(r"q=zainab"))
    expect(rows).to_have_count(0)
    scene.demo.api.begin("zainab", "Nobody has to reload this page.")
    expect(rows.filter(has_text="Nobody has to reload this page.")).to_be_visible()
    expect(page.locator("#find")).to_have_value("zainab")


def test_an_activity_that_the_reply_rule_keeps_back_says_which_clause_decided(
    scene: Scene, page: Page
) -> None:
    api, desk = scene.demo.api, scene.demo.desk
    conversation = api.begin("nadia", "Could somebody ring me?")
    case = api.case(conversation)
    desk.wait_until_said(case, "Could somebody ring me?")
    page.goto(scene.address(f"/inbox/{conversation}"))
    call = desk.unfinished(case, "Rang her")
    desk.finish(call, "She wants the blue one", TypeId=CALL)
    kept_back = page.locator(".led").get_by_text("Stays in Creatio: Type Call.")
    expect(kept_back).to_be_visible(timeout=HEALED_WITHIN_MS)
    expect(page.locator(".cw-foot").first).to_contain_text("1 activity stays in Creatio.")
    kept_back.get_by_role("link", name="Reply rule").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("go to the customer")


def test_while_creatio_is_down_messages_wait_and_the_page_says_until_when(
    scene: Scene, page: Page
) -> None:
    api, desk = scene.demo.api, scene.demo.desk
    conversation = api.begin("otto", "Before")
    case = api.case(conversation)
    desk.wait_until_said(case, "Before")
    page.goto(scene.address(f"/inbox/{conversation}"))
    expect(page.locator(".cw-foot").first).to_contain_text("Both sides agree: 1 message")
    desk.weather(down_for="300s")
    try:
        api.write(conversation, "During")
        told = page.locator("#talk .cw-note")
        expect(told).to_contain_text("Messages and replies wait, none is lost.")
        expect(told).to_contain_text("has not worked since")
        expect(page.locator(".act").last).to_contain_text("Waits for Creatio")
        expect(page.locator(".owed")).to_contain_text("Next look:")
    finally:
        desk.weather()
    agreed = page.locator(".cw-foot").first
    expect(agreed).to_contain_text("Both sides agree: 2 messages", timeout=HEALED_WITHIN_MS)
    desk.wait_until_said(case, "Before", "During")


def test_a_refused_callback_names_its_cause_and_what_to_do(scene: Scene, page: Page) -> None:
    api = scene.demo.api
    conversation = api.begin("rosa", "Is it ready?")
    case = api.case(conversation)
    with scene.answering(429):
        scene.demo.desk.task(case, "It is.")
        page.goto(scene.address(f"/inbox/{conversation}"))
        cause = page.locator(".cause").last
        expect(cause).to_contain_text("he callback answered 429")
        expect(cause).to_contain_text("Waits, tries again at")
        expect(cause).to_contain_text("asks us to slow down: we try again after its Retry-After")
        page.locator(".att summary").last.click()
        expect(page.locator(".att[open] td").first).to_be_visible()
        page.goto(scene.address("/inbox?delivery=owed"))
        expect(page.locator("[data-row]").filter(has_text="Rosa")).to_be_visible()
    with scene.answering():
        scene.callbacks.wait_for(conversation, "It is.", within=AGAIN_WITHIN_S)


def test_resolving_asks_first_and_then_shows_what_it_did(scene: Scene, page: Page) -> None:
    api = scene.demo.api
    conversation = api.begin("petra", "All is well, thank you.")
    case = api.case(conversation)
    scene.demo.desk.wait_until_said(case, "All is well, thank you.")
    page.goto(scene.address(f"/inbox/{conversation}"))
    page.get_by_text("Resolve…").click()
    expect(page.get_by_text("Resolve this conversation?")).to_be_focused()
    page.get_by_role("button", name="Keep it open").click()
    expect(page.get_by_text("Resolve…")).to_be_focused()
    page.get_by_text("Resolve…").click()
    page.get_by_role("button", name="Resolve", exact=True).click()
    expect(page.locator("#state")).to_contain_text("Resolved")
    expect(page.locator(".tl")).to_contain_text("mara@nordlicht.example resolved it")
    eventually(lambda: scene.demo.desk.status(case) == "Resolved", what="the case resolved")


def test_at_the_demos_desk_a_case_passes_from_one_person_to_another(
    browser: Browser, scene: Scene
) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.set_default_timeout(PATIENCE_MS)
    page.goto(f"{scene.demo.said['sandbox_url']}/desk/cases/{scene.case}")
    page.get_by_label("Work as another").click()
    page.get_by_role("button", name="Clara Brandt").click()
    expect(page.get_by_label("Work as another")).to_contain_text("Clara Brandt")
    page.goto(f"{scene.demo.said['sandbox_url']}/desk/cases/{scene.case}")
    page.get_by_text("Assign", exact=True).click()
    page.get_by_role("button", name="Ben Osei").click()
    expect(page.locator("dl").first).to_contain_text("Ben Osei")
    page.close()
