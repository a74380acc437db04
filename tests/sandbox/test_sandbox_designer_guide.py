"""The set-up guide, clicked through as it says: a web service, two processes, and it calls."""

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from creatio_sandbox.testing import Plan, Sandbox, start
from tests.sandbox.clicking import Hand, a_browser
from tests.sandbox.drawings import caseway, new_reply
from tests.sandbox.receiver import Receiver, eventually

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
def hand(browser: Browser, place: Sandbox, request: pytest.FixtureRequest) -> Iterator[Hand]:
    scripted = request.param == "with a script"
    context = browser.new_context(base_url=place.url, java_script_enabled=scripted)
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.goto("/desk")
    yield Hand(page, scripted=scripted)
    context.close()
    place.reset()


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


def signal_new_reply(hand: Hand) -> None:
    """Activity, record added: as a new process begins. Type = Task or Email, Case is filled in."""
    add_row(hand, "Type", values=("Task", "Email"))
    add_row(hand, "Case", "is filled in")


def signal_case_closed(hand: Hand) -> None:
    signal = hand.page.locator("#n-start")
    hand.pick("Object", "Case")
    hand.settle(signal, "Case added")
    hand.click(hand.page.get_by_label("Record added", exact=True))
    if hand.scripted:
        expect(signal).to_contain_text("Case never")
    hand.click(hand.page.get_by_label("Record modified", exact=True))
    hand.settle(signal, "Case modified")
    hand.tick("Status")
    add_row(hand, "Status", values=("Resolved",))


def call_the_service(hand: Hand, event: str, source: str) -> None:
    hand.button("Call web service")
    hand.pick("Which web service to call", "Caseway (UsrCaseway)")
    hand.settle(hand.page.locator("#panel"), "event_type, body")
    hand.type("event_type, body, constant", event)
    hand.pick("caseId, body", source)


def call_by_the_short_form(hand: Hand, url: str, event: str) -> None:
    hand.button("Call web service")
    hand.tick("The short form: an address and a body")
    hand.settle(hand.page.locator("#panel"), "Request body")
    hand.type("URL", url)
    hand.type("Request body", SHORT_BODY % event)


def save(hand: Hand) -> None:
    hand.button("Save")
    expect(hand.page.get_by_text("Version 1, saved")).to_be_visible()
    expect(hand.page.locator("#problems")).to_contain_text("Problems 0")


def both_kinds_arrive(place: Sandbox, receiver: Receiver) -> None:
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


def tell(hand: Hand, name: str, began: float) -> None:
    spent = time.monotonic() - began
    print(f"\n{name}: {hand.clicks} clicks, {hand.fields} typed fields, {spent:.1f} s")
    assert spent < THREE_MINUTES


def test_your_creatio(hand: Hand, place: Sandbox, receiver: Receiver) -> None:
    began = time.monotonic()
    register_service(hand, receiver.url)

    new_process(hand, "Caseway: new reply")
    signal_new_reply(hand)
    hand.button("Read data")
    call_the_service(hand, "new_activity", "[#Read data 1.First item.Case#]")
    save(hand)

    new_process(hand, "Caseway: case closed")
    signal_case_closed(hand)
    call_the_service(hand, "case_closed", "[#Signal.Record id#]")
    save(hand)

    tell(hand, "Your Creatio", began)
    both_kinds_arrive(place, receiver)


def test_the_short_form(hand: Hand, place: Sandbox, receiver: Receiver) -> None:
    began = time.monotonic()
    new_process(hand, "Caseway: new reply")
    signal_new_reply(hand)
    call_by_the_short_form(hand, receiver.url, "new_activity")
    save(hand)

    new_process(hand, "Caseway: case closed")
    signal_case_closed(hand)
    call_by_the_short_form(hand, receiver.url, "case_closed")
    save(hand)

    tell(hand, "The short form", began)
    both_kinds_arrive(place, receiver)


def test_a_task_written_at_the_desk_arrives(hand: Hand, place: Sandbox, receiver: Receiver) -> None:
    place.keep_service(caseway(receiver.url))
    place.keep_process(new_reply())
    case = place.create("Case", {"Subject": "Rear brake squeals"})
    hand.page.goto(f"/desk/cases/{case}")
    hand.type("Text", "The pads are on their way.")
    hand.button("Save")
    eventually(lambda: receiver.events() == [("new_activity", case)])
    hand.link("Process log")
    hand.click(hand.page.locator("#runs tbody a").first)
    expect(hand.page.get_by_text("Success = yes, answered 200.")).to_be_visible()
