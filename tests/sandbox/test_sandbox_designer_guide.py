"""The set-up guide, clicked through as it says: a web service, two processes, and it calls."""

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from creatio_sandbox.testing import Plan, Sandbox, start
from tests.sandbox.clicking import Hand, a_browser
from tests.sandbox.receiver import Receiver

SHORT_BODY = '{\n  "event_type": "%s",\n  "caseId": "[#Case.Id#]"\n}'
THREE_MINUTES = 180


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as launched:
        yield launched


@pytest.fixture(scope="module")
def place() -> Iterator[Sandbox]:
    with start(Plan(desk_open=True)) as sandbox:
        yield sandbox


@pytest.fixture(params=["with a script", "without a script"])
def page(browser: Browser, place: Sandbox, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(
        base_url=place.url, java_script_enabled=request.param == "with a script"
    )
    page = context.new_page()
    page.set_default_timeout(15_000)
    yield page
    context.close()
    place.reset()


def chosen(hand: Hand, name: str) -> None:
    """A choice is applied at once by the script; without one, by a button."""
    if not hand.page.evaluate("Boolean(window.EventSource && document.scripts.length)"):
        hand.button(name)


def add_row(hand: Hand, column: str, operator: str = "=", *, values: tuple[str, ...] = ()) -> None:
    hand.type("New row, column", column)
    if operator != "=":
        hand.pick("New row, operator", operator)
    hand.button("Add")
    for value in values:
        hand.tick(value)


def register_service(hand: Hand, url: str) -> None:
    hand.link("Web services")
    hand.link("Add web service")
    hand.type("Name", "Caseway")
    hand.type("Web service URI", url)
    hand.type("Retries on call failure", "3")
    hand.button("Save and add a method")
    hand.type("Name", "Send event")
    hand.type("Parameter 1, code", "event_type")
    hand.type("Parameter 2, code", "caseId")
    hand.click(hand.page.locator(".primary"))
    expect(hand.page.get_by_text("event_type, caseId")).to_be_visible()


def new_process(hand: Hand, title: str) -> None:
    hand.link("Process library")
    hand.button("Add process")
    hand.type("Process title", title)


def save(hand: Hand) -> None:
    hand.button("Save")
    expect(hand.page.get_by_text("Version 1, saved")).to_be_visible()
    expect(hand.page.locator("#problems")).to_contain_text("Problems 0")


def call_the_service(hand: Hand, event: str, source: str) -> None:
    hand.button("Call web service")
    hand.pick("Which web service to call", "Caseway (UsrCaseway)")
    apply_where_no_script(hand)
    hand.type("event_type, body, constant", event)
    hand.pick("caseId, body", source)


def apply_where_no_script(hand: Hand) -> None:
    if not hand.page.locator("[name='m.caseId.from']").count():
        hand.button("Apply")


def task_and_closed_case_arrive(place: Sandbox, receiver: Receiver) -> None:
    case = place.create("Case", {"Subject": "Rear brake squeals"})
    place.create("Activity", {"Title": "of no case"})
    place.write_task(case, "The pads are on their way.")
    place.wait_until_idle()
    assert receiver.events() == [("new_activity", case)]
    place.set_status(case, "In progress")
    place.resolve(case)
    place.wait_until_idle()
    assert receiver.events() == [("new_activity", case), ("case_closed", case)]
    assert {run.status for run in place.log()} == {"Completed"}


def test_your_creatio(page: Page, place: Sandbox, receiver: Receiver) -> None:
    hand = Hand(page)
    began = time.monotonic()
    page.goto("/desk")
    register_service(hand, receiver.url)

    new_process(hand, "Caseway: new reply")
    add_row(hand, "Type", values=("Task", "Email"))
    add_row(hand, "Case", "is filled in")
    hand.button("Read data")
    call_the_service(hand, "new_activity", "[#Read data 1.First item.Case#]")
    save(hand)

    new_process(hand, "Caseway: case closed")
    hand.pick("Object", "Case")
    if page.get_by_role("combobox", name="Object").input_value() != "Case":
        hand.button("Apply")
    page.get_by_label("Record modified").wait_for()
    hand.click(page.get_by_label("Record added", exact=True))
    hand.click(page.get_by_label("Record modified", exact=True))
    page.wait_for_load_state()
    if not page.locator("[name=expect]").count():
        hand.button("Apply")
    hand.tick("Status")
    add_row(hand, "Status", values=("Resolved",))
    call_the_service(hand, "case_closed", "[#Signal.Record id#]")
    save(hand)

    spent = time.monotonic() - began
    print(f"\nYour Creatio: {hand.clicks} clicks, {hand.fields} typed fields, {spent:.1f} s")
    assert spent < THREE_MINUTES
    task_and_closed_case_arrive(place, receiver)


def test_the_short_form(page: Page, place: Sandbox, receiver: Receiver) -> None:
    hand = Hand(page)
    page.goto("/desk")

    def call(event: str) -> None:
        hand.button("Call web service")
        hand.tick("The short form: an address and a body")
        if not page.get_by_label("URL").count():
            hand.button("Apply")
        hand.type("URL", receiver.url)
        hand.type("Request body", SHORT_BODY % event)

    new_process(hand, "Caseway: new reply")
    add_row(hand, "Type", values=("Task", "Email"))
    add_row(hand, "Case", "is filled in")
    call("new_activity")
    save(hand)

    new_process(hand, "Caseway: case closed")
    hand.pick("Object", "Case")
    if page.get_by_role("combobox", name="Object").input_value() != "Case":
        hand.button("Apply")
    hand.click(page.get_by_label("Record added", exact=True))
    hand.click(page.get_by_label("Record modified", exact=True))
    if not page.locator("[name=expect]").count():
        hand.button("Apply")
    hand.tick("Status")
    add_row(hand, "Status", values=("Resolved",))
    call("case_closed")
    save(hand)

    print(f"\nThe short form: {hand.clicks} clicks, {hand.fields} typed fields")
    task_and_closed_case_arrive(place, receiver)
