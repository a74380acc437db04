"""The process library and its log, as pages and as JSON."""

from collections.abc import Iterator

import pytest

from creatio_sandbox.testing import Plan, Sandbox, start
from tests.sandbox.caller import Caller
from tests.sandbox.clocks import to_noon
from tests.sandbox.drawings import caseway, keep, new_reply
from tests.sandbox.receiver import Receiver
from tests.sandbox.visitor import Visitor, words

HOME = "/desk/processes"


@pytest.fixture(scope="module")
def place() -> Iterator[Sandbox]:
    with start(Plan(desk_open=True)) as sandbox:
        yield sandbox


@pytest.fixture
def visitor(place: Sandbox) -> Iterator[Visitor]:
    caller = Caller(place.url)
    yield Visitor(caller)
    caller.close()
    place.reset()


@pytest.fixture
def case(place: Sandbox) -> str:
    return place.create("Case", {"Subject": "Rear brake squeals"})


def test_a_new_version_where_the_drawing_of_an_active_process_changed(place: Sandbox) -> None:
    first = place.keep_process(new_reply())
    assert (first.version, place.keep_process(first).version) == (1, 1)
    first.name = "another name"
    second = place.keep_process(first)
    assert second.version == 2
    second.active = False
    off = place.keep_process(second)
    assert off.version == 2
    off.name = "changed while it is off"
    assert place.keep_process(off).version == 2


def test_the_library_counts_the_runs_of_today(
    visitor: Visitor, place: Sandbox, receiver: Receiver, case: str
) -> None:
    place.set_faults(clock_offset=to_noon())
    process = new_reply()
    process.failed_call_ends = True
    keep(place, receiver.url, process)
    receiver.answers = [500]
    place.write_task(case, "one")
    place.write_task(case, "two")
    place.wait_until_idle()
    page = visitor.look(HOME)
    assert "Activity added Type = Task or Email · Case is filled in" in page
    assert "2 runs 1 error" in page
    assert "UsrCaseway SendEvent" in page
    assert "Version 1" in page


def test_a_copy_is_off_and_a_deleted_one_is_gone(visitor: Visitor, place: Sandbox) -> None:
    kept = place.keep_process(new_reply())
    copied = visitor.submit(f"{HOME}/{kept.id}/copy").headers["location"]
    assert copied.endswith("/design")
    copy = place.processes()[1]
    assert (copy.name, copy.active) == ("Caseway: new reply (copy)", False)
    assert copy.elements == kept.elements
    assert "It is active" in visitor.look(f"{HOME}/{kept.id}/delete")
    visitor.submit(f"{HOME}/{kept.id}/delete")
    assert [each.id for each in place.processes()] == [copy.id]
    assert visitor.submit(f"{HOME}/{kept.id}/delete").status == 404


def test_what_is_exported_can_be_imported(
    visitor: Visitor, place: Sandbox, receiver: Receiver, case: str
) -> None:
    kept = keep(place, receiver.url, new_reply())
    exported = visitor.caller.send("GET", f"{HOME}/{kept.id}/export")
    assert 'filename="caseway-new-reply.json"' in exported.headers["content-disposition"]
    place.reset()
    taken = visitor.submit(f"{HOME}/import", {"text": exported.body.decode()})
    assert "Imported: Caseway: new reply, UsrCaseway." in words(taken)
    again = visitor.submit(f"{HOME}/import", {"text": exported.body.decode()})
    assert "Known already and left as they are: UsrCaseway." in words(again)
    case = place.create("Case", {"Subject": "a"})
    place.write_task(case, "one")
    place.wait_until_idle()
    assert receiver.events() == [("new_activity", case)] * 2
    assert visitor.submit(f"{HOME}/import", {"text": "{}"}).status == 422
    assert "no export" in words(visitor.submit(f"{HOME}/import", {"text": '{"a": 1}'}))


def test_run_by_hand(visitor: Visitor, place: Sandbox, receiver: Receiver, case: str) -> None:
    kept = keep(place, receiver.url, new_reply())
    place.write_task(case, "one")
    place.wait_until_idle()
    task = place.log()[0].record
    assert "The signal's filter is not asked." in visitor.look(f"{HOME}/{kept.id}/run")
    ran = visitor.submit(f"{HOME}/{kept.id}/run", {"picked": task})
    place.wait_until_idle()
    page = visitor.look(ran.headers["location"])
    assert "by hand, Supervisor" in page
    assert "Run by hand" in page
    assert receiver.events() == [("new_activity", case)] * 2
    refused = visitor.submit(f"{HOME}/{kept.id}/run", {"record": "5a4d"})
    assert (refused.status, "no activity with the id “5a4d”" in words(refused)) == (422, True)
    refused = visitor.submit(f"{HOME}/{kept.id}/run")
    assert "Pick a record" in words(refused)


def test_the_log_can_be_filtered_and_a_run_canceled(
    visitor: Visitor, place: Sandbox, receiver: Receiver, case: str
) -> None:
    place.keep_service(caseway(receiver.url, timeout_ms=60_000))
    kept = place.keep_process(new_reply())
    receiver.answers = [200, None]
    place.write_task(case, "one")
    place.wait_until_idle()
    place.write_task(case, "two")
    run = place.log()[0]
    assert run.status == "Running"
    visitor.submit(f"/desk/log/{run.id}/cancel")
    place.wait_until_idle()
    assert [each.status for each in place.log()] == ["Canceled", "Completed"]
    assert "Canceled by Supervisor." in visitor.look(f"/desk/log/{run.id}")
    assert "Completed" not in visitor.look("/desk/log?state=Canceled")
    assert "No run matches." in visitor.look("/desk/log?state=Error")
    assert "No run matches." in visitor.look("/desk/log?process=none")
    assert "Caseway: new reply" in visitor.look(f"/desk/log?process={kept.id}")


def test_one_run_shows_each_element(
    visitor: Visitor, place: Sandbox, receiver: Receiver, case: str
) -> None:
    keep(place, receiver.url, new_reply(), retries=1)
    receiver.answers = [500]
    place.write_task(case, "one")
    place.wait_until_idle()
    page = visitor.look(f"/desk/log/{place.log()[0].id}")
    assert f"POST {receiver.url} Content-Type: application/json" in page
    assert f'{{"event_type":"new_activity","caseId":"{case}"}}' in page
    assert "repeat 1" in page
    assert "Success = yes, answered 200." in page


def test_scripts_do_the_same(place: Sandbox, receiver: Receiver) -> None:
    caller = Caller(place.url, {"X-Sandbox-Key": place.key})
    keep(place, receiver.url, new_reply())
    whole = caller.send("GET", "/sandbox/export")
    place.reset()
    taken = caller.send("POST", "/sandbox/import", whole.body)
    assert (taken.status, taken.json["services"]) == (201, ["UsrCaseway"])
    (process,) = caller.send("GET", "/sandbox/processes").json
    assert [each["kind"] for each in process["elements"]] == [
        "read_data",
        "call_web_service",
        "terminate",
    ]
    changed = caller.send("PUT", "/sandbox/services/UsrCaseway", {"retries": 5})
    assert changed.json["retries"] == 5
    more = {"code": "UsrB", "name": "B", "uri": "http://127.0.0.1"}
    assert caller.send("POST", "/sandbox/services", more).status == 201
    assert len(caller.send("GET", "/sandbox/services").json) == 2
    assert caller.send("DELETE", "/sandbox/services/UsrB").status == 204
    assert caller.send("GET", "/sandbox/services/UsrB").status == 404
    case = place.create("Case", {"Subject": "a"})
    task = place.write_task(case, "one")
    place.wait_until_idle()
    at = f"/sandbox/processes/{process['id']}/run"
    assert caller.send("POST", at, {"record": task}).json["record"] == task
    assert caller.send("POST", at, {"record": "none"}).status == 404
    place.wait_until_idle()
    assert receiver.events() == [("new_activity", case)] * 2
    caller.close()
    place.reset()
