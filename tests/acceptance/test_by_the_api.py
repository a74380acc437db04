"""The whole way and back by the API: a customer's program, Caseway, an agent in Creatio."""

from typing import Any
from uuid import UUID, uuid4

from tests.acceptance.callbacks import Callbacks
from tests.acceptance.demo import Api, Demo
from tests.acceptance.desk import NOBODY, Desk
from tests.acceptance.far import ask, eventually


def test_a_question_its_answer_and_the_closure(
    demo: Demo, api: Api, desk: Desk, callbacks: Callbacks
) -> None:
    began = api.ask("POST", "/conversations", api.words("ada", "My rear brake squeals."))
    assert began.status == 201
    conversation = began.json["id"]
    assert began.json["state"] == "waiting"

    case = api.case(conversation)
    desk.wait_until_said(case, "My rear brake squeals.")
    assert api.seen(conversation)["case"]["number"] == desk.seen(case)["case"]["Number"]
    assert desk.seen(case)["case"]["Contact"] == "Ada"

    desk.task(case, "The pads are on their way.")
    [reply] = callbacks.wait_for(conversation, "The pads are on their way.")
    assert reply.author == "agent"
    # The customer has it before Creatio and Caseway have noted so.
    run = eventually(lambda: _ended(desk, case), what="a process that has ended")
    assert run["status"] == "Completed"
    assert demo.said["webhook_url"] == run["url"]

    said = eventually(lambda: _delivered(api, conversation), what="the delivery")
    assert [one["author"] for one in said if one["author"] != "system"] == ["contact", "agent"]
    assert api.seen(conversation)["state"] == "human"

    desk.set_status(case, "Resolved")
    closing = callbacks.wait_for_the_closure(conversation)
    api.wait_for_state(conversation, "resolved")
    assert closing.id != reply.id
    assert str(UUID(closing.id)) == closing.id
    assert callbacks.texts(conversation) == ["The pads are on their way."]


def test_replies_of_every_kind_arrive_in_order_and_what_is_internal_stays(
    api: Api, desk: Desk, callbacks: Callbacks
) -> None:
    conversation = api.begin("berta", "Which tyre fits?")
    case = api.case(conversation)
    desk.note(case, "She is a regular.")
    desk.unfinished(case, "Ask the workshop")
    for n in range(3):
        desk.task(case, f"Tyre {n}")
    desk.email(case, "And the receipt.")
    callbacks.wait_for(conversation, "Tyre 0", "Tyre 1", "Tyre 2", "And the receipt.")


def test_a_task_is_sent_once_it_has_a_result(api: Api, desk: Desk, callbacks: Callbacks) -> None:
    conversation = api.begin("carl", "Is it ready?")
    case = api.case(conversation)
    task = desk.unfinished(case, "Look at the bike")
    desk.task(case, "We look.")
    callbacks.wait_for(conversation, "We look.")
    desk.finish(task, "It is ready.")
    callbacks.wait_for(conversation, "We look.", "It is ready.")
    desk.finish(task, "It is ready now.")
    desk.task(case, "See you.")
    callbacks.wait_for(conversation, "We look.", "It is ready.", "See you.")


def test_the_same_customer_goes_on_in_the_same_case(api: Api, desk: Desk) -> None:
    conversation = api.begin("dora", "First")
    assert api.begin("dora", "Second") == conversation
    written = api.write(conversation, "Third")
    case = api.case(conversation)
    desk.wait_until_said(case, "First", "Second", "Third")
    activity = eventually(
        lambda: next(
            one["activity_id"] for one in api.messages(conversation) if one["id"] == written["id"]
        )
    )
    assert [row["Id"] for row in desk.odata(f"Activity?$filter=Id eq {activity}")] == [activity]


def test_what_is_written_again_is_kept_once(api: Api, desk: Desk) -> None:
    ours = f"mail-{uuid4()}"
    conversation = api.begin("emil", "Once, by my own id", external_id=ours)
    assert api.begin("emil", "Once, by my own id", external_id=ours) == conversation
    words = {"text": "Once, by the key"}
    path, key = f"/conversations/{conversation}/messages", str(uuid4())
    first = api.ask("POST", path, words, Idempotency_Key=key)
    again = api.ask("POST", path, words, Idempotency_Key=key)
    assert (first.status, again.status) == (201, 201)
    assert first.body == again.body
    other = api.ask("POST", path, {"text": "Something else"}, Idempotency_Key=key)
    assert other.status == 422
    twice = {"text": "Once more", "external_id": "7"}
    assert api.ask("POST", path, twice).status == 201
    assert api.ask("POST", path, twice).status == 200
    case = api.case(conversation)
    found = desk.wait_until_said(case, "Once, by my own id", "Once, by the key", "Once more")
    assert len(found) == 3
    assert len(api.messages(conversation)) == 3


def test_a_hand_off_leaves_a_note_on_the_case(api: Api, desk: Desk) -> None:
    conversation = api.begin("fritz", "I want a person.")
    api.write(conversation, "I am only a program.", author="ai")
    handed = api.good("POST", f"/conversations/{conversation}/hand-off", {"note": "He is angry."})
    assert handed["state"] == "waiting"
    case = api.case(conversation)
    desk.wait_until_said(case, "I want a person.", "I am only a program.", "He is angry.")


def test_what_is_resolved_here_is_resolved_over_there(
    api: Api, desk: Desk, callbacks: Callbacks
) -> None:
    conversation = api.begin("gerda", "Never mind.")
    case = api.case(conversation)
    desk.wait_until_said(case, "Never mind.")
    for _ in range(2):
        assert api.good("POST", f"/conversations/{conversation}/resolve")["state"] == "resolved"
    eventually(lambda: desk.status(case) == "Resolved", what="the case's status")
    callbacks.wait_for_the_closure(conversation)
    refused = api.ask("POST", f"/conversations/{conversation}/hand-off", {})
    assert (refused.status, refused.json["title"]) == (409, "Conflict")


def test_who_writes_after_the_closure_gets_a_new_case_that_names_the_earlier(
    api: Api, desk: Desk, callbacks: Callbacks
) -> None:
    first = api.begin("hugo", "The chain broke.")
    earlier = api.case(first)
    desk.wait_until_said(earlier, "The chain broke.")
    desk.set_status(earlier, "Resolved")
    api.wait_for_state(first, "resolved")
    second = api.begin("hugo", "It broke again.")
    assert second != first
    later = api.case(second)
    assert later != earlier
    number = desk.seen(earlier)["case"]["Number"]
    eventually(
        lambda: number in str(desk.seen(later)), what="the earlier case's number on the later one"
    )
    assert "It broke again." not in desk.said(earlier)
    desk.task(later, "A new one, then.")
    callbacks.wait_for(second, "A new one, then.")
    assert callbacks.texts(first) == []


def test_a_case_opened_anew_opens_the_conversation(
    api: Api, desk: Desk, callbacks: Callbacks
) -> None:
    conversation = api.begin("ida", "Too soon?")
    case = api.case(conversation)
    desk.wait_until_said(case, "Too soon?")
    desk.task(case, "Done.")
    callbacks.wait_for(conversation, "Done.")
    desk.set_status(case, "Resolved")
    api.wait_for_state(conversation, "resolved")
    desk.set_status(case, "In progress")
    desk.task(case, "Not quite done.")
    callbacks.wait_for(conversation, "Done.", "Not quite done.")
    api.wait_for_state(conversation, "human")


def test_a_callback_that_is_refused_comes_again_under_its_own_id(
    api: Api, desk: Desk, callbacks: Callbacks
) -> None:
    conversation = api.begin("jan", "Hello?")
    case = api.case(conversation)
    callbacks.answers_to[conversation] = [503, 500, 404]
    desk.task(case, "Hello!")
    [taken] = callbacks.wait_for(conversation, "Hello!")
    before = [one.id for one in callbacks.refused if one.conversation == conversation]
    assert before == [taken.id] * 3


def test_creatio_calls_for_cases_of_others_and_hears_no_error(demo: Demo, desk: Desk) -> None:
    for case in (str(uuid4()), NOBODY, ""):
        told = ask("POST", demo.said["webhook_url"], {"event_type": "new_activity", "caseId": case})
        assert (told.status, told.json["status"]) == (200, "ignored")
    stranger = ask("POST", demo.said["webhook_url"] + "x", {})
    assert (stranger.status, stranger.json["title"]) == (401, "Unauthorized")
    assert stranger.headers["Content-Type"] == "application/problem+json"
    assert desk.said(NOBODY) == []


def _ended(desk: Desk, case: str) -> Any:
    """The newest run of the process that tells of an activity, once it no longer runs."""
    newest = next((run for run in desk.runs(case) if run["entity"] == "Activity"), None)
    return newest if newest and newest["status"] != "Running" else None


def _delivered(api: Api, conversation: str) -> list[Any]:
    """What was said, once the last of it has been delivered."""
    said = api.messages(conversation)
    delivery = said[-1]["delivery"]
    return said if delivery and delivery["state"] == "delivered" else []
