"""The set-up guide, clicked through as it says: a web service, two processes, and it calls."""

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from caseway.domain.guide import CLOSURE, NEW_REPLY, SHORT_FORM
from creatio_sandbox.testing import Plan, Sandbox, start
from tests.sandbox.clicking import Hand, a_browser
from tests.sandbox.drawings import caseway, new_reply
from tests.sandbox.guide import (
    build_process,
    call_by_the_short_form,
    draw_signal,
    is_drawn,
    new_process,
    register_service,
    save,
)
from tests.sandbox.receiver import Receiver, eventually

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

    build_process(hand, NEW_REPLY)
    build_process(hand, CLOSURE)

    tell(hand, "Your Creatio", began)
    both_kinds_arrive(place, receiver)


def test_the_short_form(hand: Hand, place: Sandbox, receiver: Receiver) -> None:
    began = time.monotonic()
    for part in SHORT_FORM:
        new_process(hand, part)
        draw_signal(hand, part)
        call_by_the_short_form(hand, part, receiver.url)
        is_drawn(hand, part)
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
    place.wait_until_idle()  # without a script the page does not hear of the answer
    hand.link("Process log")
    hand.click(hand.page.locator("#runs tbody a").first)
    expect(hand.page.get_by_text("Success = yes, answered 200.")).to_be_visible()
