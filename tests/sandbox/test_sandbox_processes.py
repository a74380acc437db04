"""Business processes: what starts them, what they send, how often they try."""

import pytest

from creatio_sandbox import ids
from creatio_sandbox.processes import FilterRow, Parameter, Process, WebServiceCall
from creatio_sandbox.testing import Plan, Sandbox, start
from tests.sandbox.caller import Caller
from tests.sandbox.receiver import Receiver


def process(url: str, **more: object) -> Process:
    known: dict[str, object] = {"name": "p", "object": "Case", "events": ["added"]}
    given = known | more
    call = given.pop("call", WebServiceCall(url=url, body="{}"))
    return Process(call=call, **given)  # type: ignore[arg-type]  # a test's own words


@pytest.fixture
def case(sandbox: Sandbox, receiver: Receiver) -> str:
    """With the two seeded processes pointing at the receiver."""
    sandbox.set_webhook(receiver.url)
    return sandbox.create("Case", {"Subject": "Rear brake squeals"})


def test_a_finished_task_and_an_email_call_once_each(
    sandbox: Sandbox, receiver: Receiver, case: str
) -> None:
    sandbox.write_task(case, "The pads are on their way.")
    sandbox.write_email(case, "The pads are on their way.")
    sandbox.wait_until_idle()
    assert receiver.events() == [("new_activity", case)] * 2
    headers, body = receiver.received[0]
    assert headers["content-type"] == "application/json"
    assert body == f'{{"event_type":"new_activity","caseId":"{case}"}}'.encode()


def test_a_task_finished_later_calls_again_and_another_change_does_not(
    sandbox: Sandbox, receiver: Receiver, case: str
) -> None:
    task = sandbox.write_task(case, "to be answered", finished=False)
    sandbox.change("Activity", task, {"Notes": "not a column that is expected to change"})
    sandbox.wait_until_idle()
    assert len(receiver.received) == 1
    sandbox.finish_task(task, "Here it is.")
    sandbox.change("Activity", task, {"DetailedResult": "Here it is."})
    sandbox.wait_until_idle()
    assert len(receiver.received) == 2


def test_what_the_filter_leaves_out_calls_nobody(
    sandbox: Sandbox, receiver: Receiver, case: str
) -> None:
    call = "e1831dec-cfc0-df11-b00f-001d60e938c6"
    sandbox.create("Activity", {"Title": "no case", "TypeId": ids.TASK})
    sandbox.create("Activity", {"Title": "a phone call", "TypeId": call, "CaseId": case})
    sandbox.note(case, "an internal note is no activity")
    sandbox.wait_until_idle()
    assert receiver.received == []


@pytest.mark.parametrize("status", ["Resolved", "Closed", "Canceled"])
def test_a_case_that_is_done_calls_once(
    sandbox: Sandbox, receiver: Receiver, case: str, status: str
) -> None:
    sandbox.set_status(case, "In progress")
    sandbox.set_status(case, status)
    sandbox.set_status(case, status)
    sandbox.change("Case", case, {"Subject": "another"})
    sandbox.wait_until_idle()
    assert receiver.events() == [("case_closed", case)]


def test_records_of_one_author_can_be_left_out(
    sandbox: Sandbox, receiver: Receiver, caller: Caller
) -> None:
    sandbox.set_webhook(receiver.url, not_created_by=ids.INTEGRATION)
    case = caller.post("Case", {"Subject": "a"}).json["Id"]
    caller.post("Activity", {"Title": "ours", "CaseId": case})
    caller.patch(f"Case({case})", {"StatusId": ids.STATUS["Resolved"]})
    sandbox.write_task(case, "theirs")
    sandbox.wait_until_idle()
    assert receiver.events() == [("new_activity", case)]


def test_an_error_is_tried_again_at_once_and_then_never(
    sandbox: Sandbox, receiver: Receiver, case: str
) -> None:
    receiver.answers = [500, 503]
    sandbox.write_task(case, "one")
    sandbox.wait_until_idle()
    (run,) = sandbox.log()
    assert (run.status, [a.status for a in run.attempts]) == ("Completed", [500, 503, 200])
    receiver.answers = [500, 500, 500, 500, 500]
    sandbox.write_task(case, "two")
    sandbox.wait_until_idle()
    run = sandbox.log()[0]
    assert (run.status, run.error) == ("Error", "The web service answered 500.")
    assert len(receiver.received) == 3 + 4
    assert receiver.answers == [500]


def test_a_silent_receiver_is_given_up_after_its_time(
    sandbox: Sandbox, receiver: Receiver, case: str
) -> None:
    known = next(each for each in sandbox.processes() if each.object == "Activity")
    assert known.call is not None
    known.call.timeout_ms, known.call.retries = 60, 1
    sandbox.keep_process(known)
    receiver.answers = [None, None]
    sandbox.write_task(case, "one")
    sandbox.wait_until_idle()
    (run,) = sandbox.log()
    assert run.status == "Error"
    assert [attempt.error for attempt in run.attempts] == ["No answer within 60 ms."] * 2
    assert run.duration_ms >= 100


def test_the_save_does_not_wait_for_the_process(
    sandbox: Sandbox, receiver: Receiver, case: str
) -> None:
    receiver.answers = [None]
    task = sandbox.write_task(case, "one")
    assert sandbox.row("Activity", task) is not None
    assert sandbox.log()[0].status == "Running"
    receiver.released.set()
    sandbox.wait_until_idle()
    assert sandbox.log()[0].status == "Completed"


def test_the_log_keeps_what_was_sent_and_answered(
    sandbox: Sandbox, receiver: Receiver, case: str
) -> None:
    other = sandbox.create("Case", {"Subject": "other"})
    sandbox.write_task(case, "one")
    sandbox.write_task(other, "two")
    sandbox.wait_until_idle()
    (run,) = sandbox.log(case=case)
    assert run.url == receiver.url
    assert run.request == f'{{"event_type":"new_activity","caseId":"{case}"}}'
    assert run.attempts[0].answer == '{"status": "accepted"}'
    assert (run.entity, run.case, len(sandbox.log())) == ("Activity", case, 2)


def test_an_inactive_process_does_not_run(sandbox: Sandbox, receiver: Receiver, case: str) -> None:
    for each in sandbox.processes():
        each.active = False
        sandbox.keep_process(each)
    sandbox.write_task(case, "one")
    assert list(sandbox.log()) == []
    assert receiver.received == []


def test_a_template_is_filled_and_an_unlinked_mark_stays(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    body = (
        '{"caseId": "[#Case.Id#]", "title": "[#Activity.Title#]", "status": "[#Case.Number#]",'
        ' "type": "[#Type.Name#]", "owner": "[#Owner.Name#]", "nothing": "[#Nowhere.Id#]"}'
    )
    call = WebServiceCall(url=receiver.url, body=body, headers={"X-Key": "k"})
    sandbox.keep_process(process(receiver.url, object="Activity", call=call))
    case = sandbox.create("Case", {"Subject": "a"})
    sandbox.write_task(case, 'with "quotes"\nand lines', title='say "hi"')
    sandbox.wait_until_idle()
    assert receiver.received[0][0]["x-key"] == "k"
    assert receiver.bodies == [
        {
            "caseId": case,
            "title": 'say "hi"',
            "status": "SR00000001",
            "type": "Task",
            "owner": "Supervisor",
            "nothing": "[#Nowhere.Id#]",
        }
    ]


def test_a_parameter_without_a_value_is_the_empty_id(sandbox: Sandbox, receiver: Receiver) -> None:
    call = WebServiceCall(url=receiver.url, parameters={"caseId": Parameter(column="CaseId")})
    sandbox.keep_process(process(receiver.url, object="Activity", call=call))
    sandbox.create("Activity", {"Title": "no case"})
    sandbox.wait_until_idle()
    assert receiver.bodies == [{"caseId": ids.EMPTY}]


@pytest.mark.parametrize(
    ("row", "starts"),
    [
        (FilterRow("Subject", "eq", "a"), True),
        (FilterRow("Subject", "ne", "a"), False),
        (FilterRow("OwnerId", "empty"), True),
        (FilterRow("OwnerId", "filled"), False),
        (FilterRow("Status/Name", "eq", ["New", "Reopened"]), True),
        (FilterRow("Owner/Name", "eq", "nobody"), False),
        (FilterRow(any=[FilterRow("Subject", "eq", "b"), FilterRow("Number", "filled")]), True),
        (FilterRow(any=[FilterRow("Subject", "eq", "b")]), False),
    ],
)
def test_filter_rows(sandbox: Sandbox, receiver: Receiver, row: FilterRow, *, starts: bool) -> None:
    sandbox.keep_process(process(receiver.url, filters=[row]))
    sandbox.create("Case", {"Subject": "a"})
    sandbox.wait_until_idle()
    assert len(receiver.received) == starts


def test_nothing_outside_the_allowed_networks_is_called(sandbox: Sandbox) -> None:
    for url in ("http://192.0.2.1/hook", "http://[2001:db8::1]/hook"):
        kept = sandbox.keep_process(process(url))
        sandbox.create("Case", {"Subject": "a"})
        sandbox.wait_until_idle()
        run = sandbox.log()[0]
        assert run.status == "Error"
        assert "--allow-webhooks-to" in run.error
        kept.active = False
        sandbox.keep_process(kept)


def test_a_name_is_judged_by_the_address_it_leads_to(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.keep_process(process(receiver.url.replace("127.0.0.1", "localhost")))
    sandbox.create("Case", {"Subject": "a"})
    sandbox.wait_until_idle()
    assert sandbox.log()[0].status == "Completed"


def test_a_redirect_is_not_followed(sandbox: Sandbox, receiver: Receiver, case: str) -> None:
    receiver.answers = [307]
    sandbox.write_task(case, "one")
    sandbox.wait_until_idle()
    assert len(receiver.received) == 1
    assert sandbox.log()[0].attempts[0].status == 307


def test_what_was_rolled_back_calls_nobody(
    sandbox: Sandbox, receiver: Receiver, caller: Caller, case: str
) -> None:
    group = {"method": "POST", "url": "Activity", "atomicityGroup": "g"}
    kept = {"Title": "undone with the group", "CaseId": case}
    parts = [{**group, "id": "1", "body": kept}, {**group, "id": "2", "body": {"Title": ""}}]
    answer = caller.post("$batch", {"requests": parts})
    assert [part["status"] for part in answer.json["responses"]] == [500]
    sandbox.write_task(case, "the only one")
    sandbox.wait_until_idle()
    assert receiver.events() == [("new_activity", case)]


def test_many_runs_go_side_by_side(sandbox: Sandbox, receiver: Receiver, case: str) -> None:
    receiver.answers = [None]
    sandbox.write_task(case, "held up by its receiver")
    for number in range(10):
        sandbox.write_task(case, str(number))
    receiver.released.set()
    sandbox.wait_until_idle()
    assert [run.status for run in sandbox.log()] == ["Completed"] * 11


def test_a_webhook_given_at_the_start_is_there_after_a_reset(receiver: Receiver) -> None:
    with start(Plan(webhook_url=receiver.url, seed_cases=2)) as sandbox:
        assert len(sandbox.processes()) == 2
        assert receiver.received == []
        sandbox.set_webhook(None)
        assert sandbox.processes() == []
        sandbox.reset()
        sandbox.resolve(sandbox.cases(status="open")[0]["id"])
        sandbox.wait_until_idle()
        assert [event for event, _ in receiver.events()] == ["case_closed"]
