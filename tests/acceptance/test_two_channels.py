"""Two ways to customers at once: every reply goes the way its customer came."""

import json
from functools import partial
from uuid import uuid4

import pytest

from tests.acceptance.callbacks import Callbacks
from tests.acceptance.demo import Api, Demo
from tests.acceptance.desk import Desk
from tests.acceptance.far import ask, eventually
from tests.acceptance.visitor import Visitor


@pytest.fixture
def channel(demo: Demo) -> str:
    """The demo's widget; its page names it to the script."""
    facts = json.loads((demo.folder / "data" / "demo.json").read_text())
    found: str = facts["widget_channel"]
    return found


def test_each_reply_goes_the_way_its_customer_came(
    api: Api, desk: Desk, callbacks: Callbacks, channel: str
) -> None:
    rounds = 3
    by_api = [api.begin(f"klara-{n}", f"By the API {n}") for n in range(rounds)]
    visitors = [Visitor(api.url, channel) for _ in range(rounds)]
    for n, visitor in enumerate(visitors):
        visitor.write(f"By the widget {uuid4()}-{n}")
    asked = [visitor.history()["messages"][0]["text"] for visitor in visitors]

    widget_cases = [eventually(partial(_case_of, desk, text)) for text in asked]
    api_cases = [api.case(conversation) for conversation in by_api]
    assert len({*widget_cases, *api_cases}) == 2 * rounds
    for n in range(rounds):
        desk.task(widget_cases[n], f"To the widget {n}")
        desk.task(api_cases[n], f"To the program {n}")
    for n in range(rounds):
        desk.task(widget_cases[n], "Bye")
        desk.task(api_cases[n], "Bye")

    for n, visitor in enumerate(visitors):
        visitor.wait_for(f"To the widget {n}", "Bye")
    for n, conversation in enumerate(by_api):
        callbacks.wait_for(conversation, f"To the program {n}", "Bye")
    assert not [c for c in callbacks.taken if c.text.startswith("To the widget")]


def test_the_same_address_on_two_channels_is_two_conversations(
    api: Api, desk: Desk, channel: str
) -> None:
    conversation = api.begin("ludwig", "By the API")
    visitor = Visitor(api.url, channel)
    words = f"By the widget, {uuid4()}"
    assert visitor.write(words, id="1") == 201
    assert visitor.write(words, id="1") == 200
    assert len(visitor.history()["messages"]) == 1
    case = eventually(lambda: _case_of(desk, words))
    assert case != api.case(conversation)


def test_a_closure_is_told_in_the_widget_and_the_next_word_begins_anew(
    api: Api, desk: Desk, channel: str
) -> None:
    visitor = Visitor(api.url, channel)
    words = f"Quick question {uuid4()}"
    visitor.write(words)
    first = eventually(lambda: _case_of(desk, words))
    desk.wait_until_said(first, words)
    desk.task(first, "Quick answer")
    desk.set_status(first, "Resolved")
    visitor.wait_for("Quick answer")
    eventually(lambda: visitor.history()["state"] == "resolved", what="the closure in the widget")
    again = f"Another one {uuid4()}"
    visitor.write(again)
    second = eventually(lambda: _case_of(desk, again))
    assert second != first


def test_nobody_reads_another_visitors_words(api: Api, channel: str) -> None:
    Visitor(api.url, channel).write("Mine")
    assert Visitor(api.url, channel).history()["messages"] == []
    foreign = ask(
        "POST", f"{api.url}/widget/v1/{channel}/sessions", {}, {"Origin": "https://evil.example"}
    )
    assert "Access-Control-Allow-Origin" not in foreign.headers


def _case_of(desk: Desk, words: str) -> str:
    """The case on which the customer's words stand; empty: none yet."""
    found = desk.odata(f"Activity?$select=CaseId&$filter=contains(DetailedResult,'{words}')")
    return found[0]["CaseId"] if found else ""
