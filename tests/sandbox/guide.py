"""Clicks a sandbox's designer through what the set-up guide says, as its reader would.

What is typed and picked is read from the guide itself, so that the two cannot part.
"""

import re

from playwright.sync_api import expect

from caseway.domain.guide import WEB_SERVICE, Part, Value
from tests.sandbox.clicking import Hand


def told(part: Part, field: str) -> list[Value]:
    return [value for step in part.steps for value in step.values if value.field == field]


def says(part: Part, field: str, which: int = 0) -> str:
    return told(part, field)[which].value


def add_row(hand: Hand, filter_row: str) -> None:
    """`Type = Task, Email` or `Case is filled in`, as the guide writes a filter."""
    found = re.fullmatch(r"(\w+) (=|is filled in)(?: (.+))?", filter_row)
    assert found, filter_row
    column, operator, values = found.groups()
    hand.type("New row, column", column)
    if operator != "=":
        hand.pick("New row, operator", operator)
    hand.button("Add")
    for value in values.split(", ") if values else ():
        hand.tick(value)


def register_service(hand: Hand, url: str) -> None:
    hand.link("Web services")
    hand.link("Add web service")
    hand.type("Name", says(WEB_SERVICE, "Name"))
    hand.type("Web service URI", url)
    retries = "Retries on call failure"
    hand.type(retries, says(WEB_SERVICE, retries))
    hand.button("Save and add a method")
    hand.type("Name", says(WEB_SERVICE, "Name", 1))
    for field in ("Request type", "Content type"):
        expect(hand.page.get_by_label(field, exact=True)).to_have_value(says(WEB_SERVICE, field))
    timeout = "Response timeout, ms"
    expect(hand.page.get_by_label(timeout, exact=True)).to_have_value(says(WEB_SERVICE, timeout))
    for at, parameter in enumerate(told(WEB_SERVICE, "Body parameter"), 1):
        hand.type(f"Parameter {at}, code", parameter.value)
    hand.click(hand.page.locator(".primary"))
    expect(hand.page.get_by_text("event_type, caseId")).to_be_visible()


def new_process(hand: Hand, part: Part) -> None:
    hand.link("Process library")
    hand.button("Add process")
    hand.type("Process title", says(part, "Title"))


def draw_signal(hand: Hand, part: Part) -> None:
    """A new process begins with an activity that is added."""
    signal, event = hand.page.locator("#n-start"), says(part, "Which event")
    if says(part, "Object") != "Activity":
        hand.pick("Object", says(part, "Object"))
        hand.settle(signal, f"{says(part, 'Object')} added")
    if event != "Record added":
        hand.click(hand.page.get_by_label("Record added", exact=True))
        if hand.scripted:
            expect(signal).to_contain_text("Case never")
        hand.click(hand.page.get_by_label(event, exact=True))
        hand.settle(signal, "Case modified")
    for column in told(part, "Expected changes"):
        hand.tick(column.value)
    for row in told(part, "Filter"):
        if "signal" not in row.value:  # that one is of Read data, which has it from the start
            add_row(hand, row.value)


def call_the_service(hand: Hand, part: Part, source: str) -> None:
    service, method = says(part, "Service"), says(part, "Method")
    hand.button("Call web service")
    hand.pick("Which web service to call", f"{service} (Usr{service})")
    hand.settle(hand.page.locator("#panel"), "event_type, body")
    expect(hand.page.get_by_label("Which method", exact=True)).to_contain_text(method)
    hand.type("event_type, body, constant", says(part, "event_type"))
    hand.pick("caseId, body", source)


def call_by_the_short_form(hand: Hand, part: Part, url: str) -> None:
    hand.button("Call web service")
    hand.tick("The short form: an address and a body")
    hand.settle(hand.page.locator("#panel"), "Request body")
    hand.type("URL", url)
    hand.type("Request body", next(step.body for step in part.steps if step.body))


def is_drawn(hand: Hand, part: Part) -> None:
    """The elements stand in the guide's order."""
    kinds = [name.lower().replace(" ", "_") for name in part.draws]
    expect(hand.page.locator(".node")).to_have_class([re.compile(rf"\b{kind}\b") for kind in kinds])


def save(hand: Hand) -> None:
    hand.button("Save")
    expect(hand.page.get_by_text("Version 1, saved")).to_be_visible()
    expect(hand.page.locator("#problems")).to_contain_text("Problems 0")


def build_process(hand: Hand, part: Part) -> None:
    """The whole of one process of the first tab; each kind has its own source of the case."""
    new_process(hand, part)
    draw_signal(hand, part)
    source = "[#Signal.Record id#]"
    if "Read data" in part.draws:
        hand.button("Read data")
        source = "[#Read data 1.First item.Case#]"
    call_the_service(hand, part, source)
    is_drawn(hand, part)
    save(hand)
