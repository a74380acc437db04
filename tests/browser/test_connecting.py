"""Creatio is connected in the browser; what goes wrong shows its cause and remedy where one looks."""

import re
from collections.abc import Iterator
from uuid import uuid4

import pytest
from msgspec.structs import replace
from playwright.sync_api import Browser, Page, Route, expect

from caseway.domain.guide import CASE_CLOSED, CASE_CLOSED_TITLE, NEW_ACTIVITY, TITLES
from tests.acceptance.far import eventually
from tests.browser.connecting import Place, admin
from tests.browser.connecting import place as a_place
from tests.browser.late import TWO_FRAMES, LateAnswers

TICKETING = "/settings/ticketing"
WEBHOOK = "/settings/integrations/creatio"
MINUTE_S = 60.0


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with a_place() as found:
        yield found


@pytest.fixture(autouse=True)
def calm(place: Place) -> Iterator[None]:
    secret = place.creatio.address.client_secret
    yield
    place.creatio.set_faults()
    place.creatio.set_webhook(None)
    place.creatio.change_secret(secret)


@pytest.fixture
def page(browser: Browser, place: Place) -> Iterator[Page]:
    with admin(browser, place) as context:
        yield context.new_page()


@pytest.fixture
def name() -> str:
    return f"north-{uuid4().hex[:6]}"


def fill(page: Page, place: Place, name: str, secret: str) -> None:
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Instance URL").fill(f"{place.creatio.url}/0/Shell/#Section/Cases_ListPage")
    page.get_by_label("Client ID").fill(place.creatio.address.client_id)
    page.get_by_label("Client secret").fill(secret)


def agent_replies(place: Place) -> None:
    """On some case: the process fires for every one, ours or not."""
    case = place.creatio.create("Case", {"Subject": "Rear brake squeals"})
    place.creatio.write_task(case, "The pads are on their way.")
    place.creatio.wait_until_idle()


def test_a_wrong_secret_is_told_with_its_remedy_and_the_right_one_saved(
    page: Page, place: Place, name: str
) -> None:
    page.goto(f"{TICKETING}?new")
    fill(page, place, name, "not-the-secret")
    expect(page.locator("#w-url")).to_contain_text("We kept the instance and left out /0/Shell/")
    expect(page.get_by_label("Instance URL")).to_have_value(place.creatio.url)
    expect(page.locator("[data-unsaved]")).to_contain_text("4 unsaved changes: Name")

    page.get_by_role("button", name="Test & save").click()
    test = page.get_by_role("complementary", name="Test of the connection")
    token = test.locator("[data-check=token]")
    expect(token).to_contain_text("refused client id and secret")
    expect(token).to_contain_text("Paste the client id and a new secret")
    expect(token.locator("[data-failed]")).to_be_focused()
    expect(test).to_contain_text("Nothing was saved")
    expect(token).to_contain_text("In Creatio: System designer → OAuth 2.0 integrated applications")
    with page.expect_popup() as opened:
        token.get_by_role("link", name="Open in Creatio").click()
    expect(opened.value).to_have_url(f"{place.creatio.url}/desk/system-designer#applications")
    opened.value.close()
    expect(page.get_by_label("Client secret")).to_have_value("not-the-secret")

    page.get_by_role("button", name="Save as not working").click()
    expect(page.get_by_role("alert").filter(has_text="Not working since")).to_contain_text(
        "the identity service refused client id and secret", ignore_case=True
    )
    expect(page.get_by_role("heading", level=1)).to_contain_text("Not working")
    expect(page.get_by_label("Client secret")).to_have_value("")

    page.get_by_label("Client secret").fill(place.creatio.address.client_secret)
    page.get_by_role("button", name="Test & save").click()
    expect(page.get_by_role("status").filter(has_text="Saved, and it works")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Healthy")
    expect(test.locator("[data-check=statuses]")).to_contain_text("7 statuses")
    expect(page.get_by_label("Default group").locator("option").nth(1)).to_be_attached()

    row = test.locator("[data-check=webhook]")
    row.get_by_role("button", name="Test this again").click()
    expect(test.locator("[data-check=webhook]")).to_contain_text("no webhook", ignore_case=True)
    expect(test.locator("[data-check]")).to_have_count(20)


def test_a_test_whose_end_is_lost_says_what_is_known_of_the_saving(
    page: Page, place: Place, name: str
) -> None:
    page.goto(f"{TICKETING}?new")
    fill(page, place, name, place.creatio.address.client_secret)
    lookup = f"**{TICKETING}?connection={name}"
    state, end = page.locator("[data-trial-state]"), page.locator("[data-trial-end]")
    save = page.get_by_role("button", name="Test & save")

    page.route(f"**{TICKETING}/test", lambda cut: cut.fulfill(body="", content_type="text/html"))
    save.click()
    expect(state).to_contain_text("broke before the end: nothing was saved up to now")
    page.route(lookup, lambda question: question.abort())
    save.click()
    expect(state).to_contain_text("broke before the end, and does not come back")
    there = end.get_by_role("link", name="See whether it was saved")
    expect(there).to_have_attribute("href", f"{TICKETING}?connection={name}")
    page.unroute(lookup)
    page.unroute(f"**{TICKETING}/test")

    def lose(asked: Route) -> None:
        asked.fetch(timeout=MINUTE_S * 1000)  # to its end: it is saved
        asked.abort()

    page.route(f"**{TICKETING}/test", lose)
    save.click()
    expect(page).to_have_url(re.compile(f"connection={name}&done=found"), timeout=MINUTE_S * 1000)
    expect(page.get_by_role("status").filter(has_text="This is what is saved")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Healthy")


def test_a_new_connection_is_proposed_the_zone_of_the_browser_and_learns_a_language(
    browser: Browser, place: Place, name: str
) -> None:
    with admin(browser, place, zone="Asia/Tokyo") as context:
        page = context.new_page()
        page.goto(f"{TICKETING}?new")
        zone, language = page.get_by_label("Time zone"), page.get_by_label("Language of notes")
        expect(zone).to_have_value("Asia/Tokyo")
        expect(page.locator("[data-unsaved]")).to_be_empty()
        expect(language.locator("option:checked")).to_have_text("English")
        fill(page, place, name, place.creatio.address.client_secret)
        zone.fill("Lissabon")
        zone.blur()
        expect(page.locator("#w-time_zone")).to_contain_text("for example Europe/Lisbon")
        zone.fill("lisbon")
        zone.blur()
        expect(page.locator("#w-time_zone")).to_contain_text("Kept as Europe/Lisbon")
        language.select_option(label="Deutsch")
        expect(page.locator("[data-unsaved]")).to_contain_text("unsaved changes")
        page.get_by_role("button", name="Test & save").click()
        expect(page.get_by_text("Saved, and it works")).to_be_visible()
        expect(zone).to_have_value("Europe/Lisbon")
        expect(language).to_have_value("de")


def test_without_scripts_the_same_form_is_answered_at_once(
    browser: Browser, place: Place, name: str
) -> None:
    with admin(browser, place, scripted=False) as context:
        page = context.new_page()
        page.goto(f"{TICKETING}?new")
        expect(page.get_by_label("Time zone")).to_have_value("UTC")
        fill(page, place, name, "not-the-secret")
        page.get_by_role("button", name="Test & save").click()
        expect(page.locator("[data-check=token]")).to_contain_text("Paste the client id")
        expect(page.get_by_label("Instance URL")).to_have_value(place.creatio.url)
        page.get_by_label("Client secret").fill(place.creatio.address.client_secret)
        page.get_by_role("button", name="Test & save").click()
        expect(page.get_by_text("Saved, and it works")).to_be_visible()
        page.get_by_role("link", name="Read them").click()
        expect(page.get_by_label("Default group").locator("option").nth(1)).to_be_attached()


def test_what_is_chosen_stays_when_the_lists_are_read(
    browser: Browser, place: Place, name: str
) -> None:
    place.connect(name)
    with admin(browser, place) as context:
        page = context.new_page()
        late = LateAnswers(page, "**/settings/ticketing/lists")
        page.goto(f"{TICKETING}?connection={name}")
        late.wait()
        group = page.get_by_label("Default group", exact=True)
        page.locator("#w-group summary").click()
        written = page.get_by_label("Default group, id")
        written.fill("c9f5a3d4-0a2b-4c5d-8e6f-7a8b9c0d1e2f")
        client = page.get_by_label("Client ID")
        for text in ("another", client.input_value()):
            with page.expect_response("**/settings/ticketing/look"):
                client.fill(text)
                client.blur()
        late.let_go()
        expect(written).to_have_value("c9f5a3d4-0a2b-4c5d-8e6f-7a8b9c0d1e2f")
        written.clear()
        page.get_by_role("link", name="Read them").click()
        group.select_option(index=1)
        chosen = group.input_value()
        with page.expect_response("**/settings/ticketing/lists") as read:
            page.get_by_role("link", name="Read again").click()
        read.value.finished()
        page.evaluate(TWO_FRAMES)
        expect(page.get_by_text("1 unsaved change")).to_be_visible()
        assert group.input_value() == chosen
        page.reload()
        expect(page.get_by_text("Lists read from Creatio")).to_be_visible()


def test_lights_turn_green_when_creatio_calls_and_a_test_event_turns_none(
    page: Page, place: Place, name: str
) -> None:
    url = place.connect(name)
    page.goto(f"{WEBHOOK}?connection={name}")
    light = page.locator(f"#light-{NEW_ACTIVITY}")
    expect(light).to_contain_text("Waiting for the first")
    expect(light.locator(".cw-lamp.wait")).to_be_visible()
    assert url not in page.inner_text("body"), "masked"

    page.get_by_role("button", name="Send a test event").click()
    expect(page.locator("#rehearsed")).to_contain_text("The test event came back")
    expect(light).to_contain_text("Waiting for the first")

    place.creatio.set_webhook(url)
    agent_replies(place)
    expect(light).to_contain_text("Arriving")
    expect(light.locator(".cw-lamp.green")).to_be_visible()
    expect(light).to_contain_text("1 since")
    expect(page.locator(f"#light-{CASE_CLOSED}")).to_contain_text("Waiting")
    case = place.creatio.create("Case", {"Subject": "Chain slips"})
    place.creatio.resolve(case)
    expect(page.locator(f"#light-{CASE_CLOSED}")).to_contain_text("Arriving")


def test_a_wrong_token_in_creatios_process_is_one_line(page: Page, place: Place, name: str) -> None:
    url = place.connect(name)
    page.goto(f"{WEBHOOK}?connection={name}")
    place.creatio.set_webhook(url[:-4] + "0000")
    agent_replies(place)
    wrong = page.locator("#wrong-token")
    expect(wrong).to_contain_text("with a wrong token")
    expect(wrong).to_contain_text("refused with 401")
    expect(wrong).to_contain_text("Copy the URL into Creatio's web service again")
    expect(wrong.get_by_role("button", name="Copy URL")).to_have_attribute("data-copy", url)
    expect(page.locator(f"#light-{NEW_ACTIVITY}")).to_contain_text("Waiting")


def test_a_process_that_is_not_active_is_named_and_its_light_waits(
    page: Page, place: Place, name: str
) -> None:
    place.creatio.set_webhook(place.connect(name))
    for process in place.creatio.processes():
        closing = process.object == "Case"
        title = TITLES[CASE_CLOSED if closing else NEW_ACTIVITY]
        place.creatio.keep_process(replace(process, name=title, active=not closing))
    case = place.creatio.create("Case", {"Subject": "Chain slips"})
    place.creatio.resolve(case)
    page.goto(f"{WEBHOOK}?connection={name}")
    page.get_by_role("button", name="Ask Creatio's process library").click()
    library = page.locator("#library")
    expect(library).to_contain_text(f"“{CASE_CLOSED_TITLE}” is not active")
    expect(library).to_contain_text("System designer → Process library")
    expect(page.locator(f"#light-{CASE_CLOSED}")).to_contain_text("Waiting")


def test_an_expired_client_secret_is_found_by_itself_and_mended_here(
    page: Page, place: Place, name: str
) -> None:
    place.connect(name)
    place.creatio.change_secret("another-secret-of-now")

    def marked() -> bool:
        page.goto(f"{TICKETING}?connection={name}")
        return page.get_by_text("Not working since").is_visible()

    eventually(marked, within=MINUTE_S, what="the mark of a connection that does not work")
    expect(page.get_by_role("alert")).to_contain_text("refused client id and secret")
    page.get_by_role("button", name="Test & save").click()
    expect(page.locator("[data-check=token]")).to_contain_text("Paste the client id")
    page.get_by_label("Client secret").fill("another-secret-of-now")
    page.get_by_role("button", name="Test & save").click()
    expect(page.get_by_text("Saved, and it works")).to_be_visible()
    expect(page.get_by_text("Not working since")).to_have_count(0)


def test_while_creatio_is_down_the_page_keeps_what_is_known(
    page: Page, place: Place, name: str
) -> None:
    place.connect(name)
    place.creatio.set_faults(down_for="600s")
    page.goto(f"{TICKETING}?connection={name}")
    expect(page.get_by_text("Creatio's lists could not be read")).to_be_visible()
    expect(page.get_by_label("Instance URL")).to_have_value(place.creatio.url)
    page.get_by_role("button", name="Test & save").click()
    token = page.locator("[data-check=token]")
    expect(token).to_contain_text("503")
    expect(token).to_contain_text("Try again in a few minutes")
    expect(page.get_by_label("Default owner", exact=True)).to_be_editable()
