"""What goes wrong outside heals by itself, and every reply arrives once."""

from tests.acceptance.callbacks import Callbacks
from tests.acceptance.demo import Api
from tests.acceptance.desk import Desk
from tests.acceptance.far import eventually

SWEPT_WITHIN_S = 125.0


def test_a_reply_whose_webhook_is_lost_is_found_by_the_sweep(
    api: Api, desk: Desk, callbacks: Callbacks
) -> None:
    desk.weather(dropped=1.0)
    conversation = api.begin("maria", "Do you hear me?")
    case = api.case(conversation)
    desk.wait_until_said(case, "Do you hear me?")
    desk.task(case, "Loud and clear.")
    callbacks.wait_for(conversation, "Loud and clear.", within=SWEPT_WITHIN_S)
    events = eventually(lambda: api.good("GET", f"/events?conversation={conversation}")["items"])
    assert {event["found_by"] for event in events} == {"sweep"}
    assert {run["status"] for run in desk.runs(case)} == {"Error"}


def test_nothing_is_lost_while_creatio_is_down(api: Api, desk: Desk, callbacks: Callbacks) -> None:
    conversation = api.begin("nora", "Before")
    case = api.case(conversation)
    desk.wait_until_said(case, "Before")
    desk.weather(down_for="4s")
    api.write(conversation, "During")
    desk.task(case, "Written during")
    callbacks.wait_for(conversation, "Written during")
    desk.wait_until_said(case, "Before", "During")


def test_errors_and_doubled_calls_double_nothing(
    api: Api, desk: Desk, callbacks: Callbacks
) -> None:
    desk.weather(errors=0.1, after_commit=0.1, doubled=0.5, dropped=0.1, seed=5)
    conversations = [api.begin(f"olga-{n}", "One") for n in range(4)]
    for conversation in conversations:
        api.write(conversation, "Two")
    cases = [api.case(conversation) for conversation in conversations]
    for n in range(3):
        for case in cases:
            desk.task(case, f"Answer {n}")
    desk.weather()
    for conversation, case in zip(conversations, cases, strict=True):
        callbacks.wait_for(conversation, "Answer 0", "Answer 1", "Answer 2", within=SWEPT_WITHIN_S)
        desk.wait_until_said(case, "One", "Two")
