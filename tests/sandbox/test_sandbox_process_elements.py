"""Designed processes: what each element does when its turn comes."""

import pytest

from creatio_sandbox import ids
from creatio_sandbox.elements import CallWebService, Condition, Element, ReadData, Source
from creatio_sandbox.shortform import WebServiceCall
from creatio_sandbox.testing import Plan, Sandbox, start
from tests.sandbox.drawings import RECORD, caseway, drawn, end, gateway, keep, new_reply, read, tell
from tests.sandbox.receiver import Receiver

SUCCESS = Source(element="e2", column="Success")
CASE = Source(element="e1", column="CaseId")


@pytest.fixture
def case(sandbox: Sandbox) -> str:
    return sandbox.create("Case", {"Subject": "Rear brake squeals"})


def test_it_reads_then_calls_then_ends(sandbox: Sandbox, receiver: Receiver, case: str) -> None:
    keep(sandbox, receiver.url, new_reply())
    task = sandbox.write_task(case, "The pads are on their way.")
    sandbox.wait_until_idle()
    assert receiver.events() == [("new_activity", case)]
    (run,) = sandbox.log()
    assert (run.status, run.record, run.case, run.version) == ("Completed", task, case, 1)
    assert [(step.title, step.status) for step in run.steps] == [
        ("Read data 1", "Completed"),
        ("Tell new_activity", "Completed"),
        ("Terminate", "Completed"),
    ]
    assert run.steps[1].url == f"POST {receiver.url}"
    assert run.steps[1].note == "Success = yes, answered 200."


def test_values_are_read_when_the_flow_comes_to_them(
    sandbox: Sandbox, receiver: Receiver, case: str
) -> None:
    other = sandbox.create("Case", {"Subject": "another"})
    held: list[Element] = [
        tell("first", CASE),
        ReadData("e5", "Read again", "Activity", RECORD, ["CaseId"]),
    ]
    late = tell("second", Source(element="e5", column="CaseId"), "e6")
    sandbox.keep_service(caseway(receiver.url, timeout_ms=60_000))
    sandbox.keep_process(drawn(read(), *held, late, end()))
    receiver.answers = [None]
    task = sandbox.write_task(case, "one")
    sandbox.change("Activity", task, {"CaseId": other})
    receiver.released.set()
    sandbox.wait_until_idle()
    assert receiver.events()[-1] == ("second", other)


def test_a_record_that_is_gone_reads_as_empty(sandbox: Sandbox, receiver: Receiver) -> None:
    process = drawn(
        read(), tell("gone", CASE), end(), events=["deleted"], filters=[], columns=["StatusId"]
    )
    keep(sandbox, receiver.url, process)
    task = sandbox.create("Activity", {"Title": "a"})
    sandbox.delete("Activity", task)
    sandbox.wait_until_idle()
    assert receiver.events() == [("gone", "")]
    assert sandbox.log()[0].steps[0].note == f"Found no Activity “{task}”."


@pytest.mark.parametrize(("answer", "taken"), [(200, "answered"), (500, "failed")])
def test_a_gateway_branches_on_success(
    sandbox: Sandbox, receiver: Receiver, case: str, answer: int, taken: str
) -> None:
    branch = gateway(
        Condition(SUCCESS, "eq", "true"),
        [tell("answered", CASE, "e3"), end()],
        [tell("failed", CASE, "e4"), end()],
    )
    keep(sandbox, receiver.url, drawn(read(), tell("first", CASE), branch))
    receiver.answers = [answer]
    sandbox.write_task(case, "one")
    sandbox.wait_until_idle()
    assert [event for event, _ in receiver.events()] == ["first", taken]
    assert sandbox.log()[0].status == "Completed"


@pytest.mark.parametrize(
    ("operator", "value", "holds"),
    [
        ("eq", "200", True),
        ("ne", "200", False),
        ("gt", "199", True),
        ("lt", "200", False),
        ("gt", "many", False),
        ("filled", "", True),
        ("empty", "", False),
    ],
)
def test_conditions(
    sandbox: Sandbox, receiver: Receiver, case: str, operator: str, value: str, *, holds: bool
) -> None:
    condition = Condition(Source(element="e2", column="StatusCode"), operator, value)  # type: ignore[arg-type]  # from the table above
    branch = gateway(condition, [tell("yes", CASE, "e3")], [end()])
    keep(sandbox, receiver.url, drawn(read(), tell("first", CASE), branch))
    sandbox.write_task(case, "one")
    sandbox.wait_until_idle()
    assert [event for event, _ in receiver.events()] == ["first", *(["yes"] * holds)]


def test_without_a_default_flow_it_stays_running_also_after_a_restart(
    receiver: Receiver, tmp_path_factory: pytest.TempPathFactory
) -> None:
    plan = Plan(data=str(tmp_path_factory.mktemp("sandbox") / "creatio.db"), desk_open=True)
    branch = gateway(Condition(SUCCESS, "eq", "false"), [end()], None)
    with start(plan) as sandbox:
        keep(sandbox, receiver.url, drawn(read(), tell("first", CASE), branch))
        sandbox.write_task(sandbox.create("Case", {"Subject": "a"}), "one")
        sandbox.wait_until_idle()
        (run,) = sandbox.log()
        assert (run.status, run.completed, run.steps[-1].status) == ("Running", None, "Running")
        assert "no default flow" in run.waits
    with start(plan) as again:
        assert [each.status for each in again.log()] == ["Running"]


def test_a_failed_call_is_repeated_at_once_and_the_flow_goes_on(
    sandbox: Sandbox, receiver: Receiver, case: str
) -> None:
    keep(sandbox, receiver.url, new_reply(), retries=2)
    receiver.answers = [500, 404, 503]
    sandbox.write_task(case, "one")
    sandbox.wait_until_idle()
    (run,) = sandbox.log()
    assert [attempt.status for attempt in run.attempts] == [500, 404, 503]
    assert (run.status, run.calls_failed, run.error) == ("Completed", 1, "")
    assert run.steps[1].note == "Success = no. The web service answered 503."
    assert len(receiver.received) == 3


def test_a_failed_call_may_end_the_run(sandbox: Sandbox, receiver: Receiver, case: str) -> None:
    process = new_reply()
    process.failed_call_ends = True
    keep(sandbox, receiver.url, process)
    receiver.answers = [500]
    sandbox.write_task(case, "one")
    sandbox.wait_until_idle()
    (run,) = sandbox.log()
    assert (run.status, run.error) == ("Error", "The web service answered 500.")
    assert [step.id for step in run.steps] == ["e1", "e2"]


def test_a_service_that_is_gone_ends_the_run(sandbox: Sandbox, case: str) -> None:
    sandbox.keep_process(new_reply())
    sandbox.write_task(case, "one")
    sandbox.wait_until_idle()
    (run,) = sandbox.log()
    assert (run.status, run.error) == ("Error", "There is no web service 'UsrCaseway'.")


def test_the_silence_of_a_method_is_its_own(
    sandbox: Sandbox, receiver: Receiver, case: str
) -> None:
    sandbox.keep_service(caseway(receiver.url, timeout_ms=60))
    sandbox.keep_process(new_reply())
    receiver.answers = [None]
    sandbox.write_task(case, "one")
    sandbox.wait_until_idle()
    assert sandbox.log()[0].attempts[0].error == "No answer within 60 ms."


def test_the_short_form_knows_marks_of_earlier_elements(
    sandbox: Sandbox, receiver: Receiver, case: str
) -> None:
    body = (
        '{"record": "[#Signal.Record id#]", "case": "[#Case.Id#]", "read": "[#Read data 1.First'
        ' item.Detailed result#]", "code": "[#Tell first.Http status code#]", "no": "[#Tel.Nothing#]"}'
    )
    short = CallWebService("e3", "Short", short=WebServiceCall(url=receiver.url, body=body))
    keep(sandbox, receiver.url, drawn(read("DetailedResult"), tell("first", RECORD), short))
    task = sandbox.write_task(case, 'say "hi"\n')
    sandbox.wait_until_idle()
    assert receiver.bodies[1] == {
        "record": task,
        "case": case,
        "read": 'say "hi"\n',
        "code": "200",
        "no": "[#Tel.Nothing#]",
    }


def test_a_doubling_fault_doubles_each_call(
    sandbox: Sandbox, receiver: Receiver, case: str
) -> None:
    keep(sandbox, receiver.url, new_reply())
    sandbox.set_faults(doubled=1)
    sandbox.write_task(case, "one")
    sandbox.wait_until_idle()
    assert receiver.events() == [("new_activity", case)] * 2


def test_a_run_by_hand_asks_no_filter(sandbox: Sandbox, receiver: Receiver, case: str) -> None:
    process = new_reply()
    process.active = False
    kept = keep(sandbox, receiver.url, process)
    call = sandbox.create("Activity", {"Title": "a", "TypeId": ids.EMAIL, "CaseId": case})
    run = sandbox.run_process(kept.id, call.upper())
    sandbox.wait_until_idle()
    assert receiver.events() == [("new_activity", case)]
    assert (sandbox.log()[0].id, sandbox.log()[0].by) == (run.id, "a test")
