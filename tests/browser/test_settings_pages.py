"""Settings as somebody uses them: a rule is tried before it counts, a refused callback is found."""

from functools import partial
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from caseway.domain.roles import Role
from tests.acceptance.far import eventually
from tests.browser.late import LateAnswers
from tests.browser.looking import browsing
from tests.browser.scene import Scene

RULE = "/settings/reply-rule"


def held_back(page: Page) -> None:
    expect(
        page.get_by_role("status").filter(has_text="This change would hold back")
    ).to_be_visible()
    expect(page.locator("tr.chg").first).to_contain_text("Not a reply")
    expect(page.locator("tr.chg .cw-was").first).to_have_text("Would be sent")


def without_tasks(page: Page, scene: Scene) -> Locator:
    """The rule's page with the newest activities, tasks struck out and nothing saved; their box."""
    page.goto(scene.address(RULE))
    page.get_by_role("link", name="Read again").click()
    task = page.get_by_role("group", name="Activity types").get_by_label("Task")
    task.uncheck()
    held_back(page)
    return task


def answered(scene: Scene) -> str:
    """The text of a reply that is the newest of all activities."""
    api, desk = scene.demo.api, scene.demo.desk
    conversation = api.begin(str(uuid4()), "When may I come?")
    text = f"See you on Friday, {uuid4().hex[:6]}."
    with scene.answering():
        desk.task(api.case(conversation), text)
        scene.callbacks.wait_for(conversation, text)
    return text


def test_a_rule_is_tried_while_it_is_typed_and_nothing_is_saved(
    browser: Browser, scene: Scene
) -> None:
    reply = answered(scene)
    with browsing(browser, scene, Role.ADMIN) as context:
        page = context.new_page()
        task = without_tasks(page, scene)
        page.locator("#preview").get_by_role("button", name=reply).click()
        expect(page.locator(".cw-sides")).to_contain_text("Nothing: type Task")
        expect(page.get_by_role("button", name=reply)).to_be_focused()
        held_back(page)  # what was typed is still there
        task.check()
        expect(page.get_by_text("This is the saved rule")).to_be_visible()
        expect(page.locator("tr.chg")).to_have_count(0)
        page.get_by_label("Internal when the title begins with").fill("see you")
        row = page.locator("tr.chg").filter(has_text=reply)
        expect(row).to_contain_text("Its title begins with see you")
        page.reload()
        expect(page.locator("tr.chg")).to_have_count(0)


def test_what_is_typed_while_an_answer_is_on_its_way_counts(browser: Browser, scene: Scene) -> None:
    reply = answered(scene)
    with browsing(browser, scene, Role.ADMIN) as context:
        page = context.new_page()
        task = without_tasks(page, scene)
        late = LateAnswers(page, "**/reply-rule/preview")
        page.locator("#preview").get_by_role("button", name=reply).click()
        late.wait()
        task.check()
        late.wait(2)
        late.let_go()
        expect(page.get_by_text("This is the saved rule")).to_be_visible()


def test_the_activity_looked_at_stays_while_the_rule_is_typed(
    browser: Browser, scene: Scene
) -> None:
    earlier, _newest = answered(scene), answered(scene)
    with browsing(browser, scene, Role.ADMIN) as context:
        page = context.new_page()
        page.goto(scene.address(RULE))
        page.get_by_role("link", name="Read again").click()
        page.locator("#preview").get_by_role("button", name=earlier).click()
        sides = page.locator(".cw-sides")
        expect(sides).to_contain_text(earlier)
        page.get_by_role("group", name="Activity types").get_by_label("Task").uncheck()
        expect(sides).to_contain_text("Nothing: type Task")
        expect(sides).to_contain_text(earlier)


def test_without_scripts_a_button_tries_it(browser: Browser, scene: Scene) -> None:
    reply = answered(scene)
    with browsing(browser, scene, Role.ADMIN, scripted=False) as context:
        page = context.new_page()
        page.goto(scene.address(RULE))
        page.get_by_role("link", name="Read again").click()
        page.get_by_role("group", name="Activity types").get_by_label("Task").uncheck()
        page.get_by_role("button", name="Preview").click()
        held_back(page)
        page.get_by_role("button", name=reply).click()
        expect(page.locator(".cw-sides")).to_contain_text("Nothing: type Task")
        held_back(page)
        page.get_by_role("link", name="Discard").click()
        expect(page.locator("tr.chg")).to_have_count(0)


def test_a_rule_that_is_too_narrow_shows_what_it_holds_back(browser: Browser, scene: Scene) -> None:
    """Staged accident: an agent's task is no reply, and the page says by which clause."""
    api, desk = scene.demo.api, scene.demo.desk
    contact = {"external_id": str(uuid4()), "name": "Nadia"}
    words = {"channel": api.channel, "contact": contact, "message": {"text": "Any news?"}}
    conversation = api.good("POST", "/conversations", words)["id"]
    with browsing(browser, scene, Role.ADMIN) as context:
        page = context.new_page()
        page.goto(scene.address(RULE))
        page.get_by_role("group", name="Activity types").get_by_label("Task").uncheck()
        held_back(page)
        page.get_by_role("button", name="Save rule").click()
        expect(page.get_by_text("Saved. It holds from now on")).to_be_visible()
        desk.task(api.case(conversation), "It left this morning.")
        page.get_by_role("link", name="Read again").click()
        row = page.get_by_role("row").filter(has_text="It left this morning")
        expect(row).to_contain_text("Not a reply")
        expect(row).to_contain_text("Type Task")
        page.get_by_role("button", name="Back to default").click()
        expect(page.get_by_role("status").filter(has_text="This change would send")).to_be_visible()
        expect(row).to_contain_text("Would be sent")
        page.get_by_role("button", name="Save rule").click()
        expect(page.get_by_text("Saved. It holds from now on")).to_be_visible()
        expect(row).to_contain_text("Would be sent")


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        (401, "give it the channel's signing secret"),
        (410, "Enter the new callback URL"),
        (500, "look into its log"),
    ],
)
def test_a_refused_callback_shows_cause_and_remedy_and_then_arrives(
    browser: Browser, scene: Scene, status: int, remedy: str
) -> None:
    """Staged accident: the receiver refuses what it is sent."""
    api, desk, callbacks = scene.demo.api, scene.demo.desk, scene.callbacks
    who, text = f"Anna {status}", f"Yes, until {status}."
    contact = {"external_id": str(uuid4()), "name": who}
    words = {"channel": api.channel, "contact": contact, "message": {"text": "Are you open?"}}
    conversation = api.good("POST", "/conversations", words)["id"]
    case = api.case(conversation)
    with scene.answering(status):
        desk.task(case, text)
        with browsing(browser, scene, Role.ADMIN) as context:
            page = context.new_page()
            cause = f"the callback answered {status}"
            expect_after_reloads(page, scene.address("/settings/channels/{api}"), who, cause)
            alert = page.get_by_role("alert")
            expect(alert).to_contain_text(remedy)
            expect(alert).to_contain_text("Nothing is lost")
            page.get_by_role("button", name="Send a test").click()
            tested = page.locator("#tested")
            expect(tested).to_contain_text(f"The callback answered {status}")
            expect(tested).to_contain_text(remedy)
            callbacks.answers[:] = []
            tested.get_by_role("button", name="Send a test").click()
            expect(tested).to_contain_text("Your receiver answered 204")
            page.get_by_role("link", name=who).click()
            expect(page).to_have_url(scene.address(f"/inbox/{conversation}"))
        # Mended over there, it arrives by itself; what was refused for long waits as long again.
        callbacks.wait_for(conversation, text, within=120.0)


def test_a_changed_greeting_shows_in_an_embedded_widget(browser: Browser, scene: Scene) -> None:
    channel = scene.address("/settings/channels/{widget}")
    with browsing(browser, scene, Role.ADMIN) as context:
        site, page = context.new_page(), context.new_page()
        page.goto(channel)
        usual = page.get_by_label("Greeting").input_value()
        for greeting in (f"Closed until {uuid4().hex[:6]}.", usual):
            page.get_by_label("Greeting").fill(greeting)
            page.get_by_role("button", name="Save").click()
            expect(page.get_by_role("status").filter(has_text="Saved")).to_be_visible()
            # The process that answers hears of the change by a notice, which may come later.
            eventually(partial(greets, site, f"{channel}/try", greeting), what=greeting)


def greets(site: Page, address: str, greeting: str) -> bool:
    """Asked once for each page, and shown only then."""
    site.goto(address)
    return site.locator(".bubble .words").first.inner_text() == greeting


def expect_after_reloads(page: Page, address: str, *words: str) -> None:
    """A page that is not live shows what became of things when it is asked again."""

    def shows() -> bool:
        page.goto(address)
        seen = page.locator("main").inner_text().lower()
        return all(word.lower() in seen for word in words)

    eventually(shows, what=f"{words} on {address}")
