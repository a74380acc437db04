"""/sandbox/*: what tests and scripts do at the desk without a browser."""

import base64
from collections.abc import Mapping
from typing import Any

import pytest

from creatio_sandbox import ids
from creatio_sandbox.testing import Sandbox
from tests.sandbox.caller import Caller, Reply
from tests.sandbox.receiver import Receiver


class Script:
    def __init__(self, caller: Caller, headers: Mapping[str, str]) -> None:
        self.caller = caller
        self.headers = headers

    def __call__(self, method: str, path: str, body: object = None) -> Reply:
        return self.caller.send(method, f"/sandbox/{path}", body, self.headers)


@pytest.fixture
def script(stranger: Caller, sandbox: Sandbox) -> Script:
    return Script(stranger, {"X-Sandbox-Key": sandbox.key})


@pytest.fixture
def case(sandbox: Sandbox) -> str:
    contact = sandbox.create("Contact", {"Name": "Ines Costa", "Email": "ines@customer.example"})
    return sandbox.create("Case", {"Subject": "Rear brake squeals", "ContactId": contact})


def test_it_is_guarded(stranger: Caller, sandbox: Sandbox) -> None:
    known = sandbox.address

    def basic(user: str, password: str) -> dict[str, str]:
        coded = base64.b64encode(f"{user}:{password}".encode()).decode()
        return {"Authorization": f"Basic {coded}"}

    assert Script(stranger, basic(known.user, known.password))("GET", "faults").status == 200
    for wrong in ({}, basic(known.user, "wrong"), {"X-Sandbox-Key": "wrong"}, basic("", "")):
        refused = Script(stranger, wrong)("GET", "faults")
        assert (refused.status, refused.headers["www-authenticate"]) == (
            401,
            'Basic realm="sandbox"',
        )


def test_a_task_an_email_a_note_and_a_status(script: Script, sandbox: Sandbox, case: str) -> None:
    task = script("POST", f"desk/cases/{case}/task", {"text": "Done."}).json["id"]
    mail = script("POST", f"desk/cases/{case}/email", {"text": "Hello <b>Ines</b>\n\nBye"})
    note = script("POST", f"desk/cases/{case}/note", {"text": "Among us."})
    assert script("POST", f"desk/cases/{case}/status", {"status": "Resolved"}).status == 204
    assert script("POST", f"desk/cases/{case}/owner").status == 204
    whole = script("GET", f"desk/cases/{case}").json
    by_id: dict[str, dict[str, Any]] = {each["Id"]: each for each in whole["activities"]}
    assert by_id[task]["DetailedResult"] == "Done."
    assert (by_id[task]["Type"], by_id[task]["Status"]) == ("Task", "Completed")
    sent = by_id[mail.json["id"]]
    assert sent["Body"] == "<p>Hello &lt;b&gt;Ines&lt;/b&gt;</p><p>Bye</p>"
    assert (sent["Recepient"], sent["EmailSendStatusId"]) == ("ines@customer.example", ids.SENT)
    assert (sent["MessageTypeId"], sent["SendDate"] > "2020") == (ids.OUTGOING, True)
    assert [each["Id"] for each in whole["notes"]] == [note.json["id"]]
    assert (whole["case"]["Status"], whole["case"]["Owner"]) == ("Resolved", "Supervisor")
    roles = sandbox.serving.instance.database.all(
        'SELECT "RoleId" FROM "ActivityParticipant" WHERE "ActivityId" = ?', (sent["Id"],)
    )
    assert {role for (role,) in roles} == {ids.FROM, ids.TO}


def test_drafts_unfinished_tasks_and_incoming_mail(
    script: Script, sandbox: Sandbox, case: str
) -> None:
    later = script("POST", f"desk/cases/{case}/task", {"text": "call her", "finished": False})
    draft = script(
        "POST", f"desk/cases/{case}/email", {"text": "b", "sent": False, "to": "x@y.example"}
    )
    mail = script("POST", f"desk/cases/{case}/email", {"text": "c", "incoming": True})
    rows = {each["Id"]: each for each in sandbox.case(case)["activities"]}
    assert rows[later.json["id"]]["DetailedResult"] == ""
    assert rows[draft.json["id"]]["EmailSendStatusId"] == ids.NOT_SENT
    assert rows[draft.json["id"]]["Recepient"] == "x@y.example"
    assert rows[mail.json["id"]]["MessageTypeId"] == ids.INCOMING
    assert rows[mail.json["id"]]["Sender"] == "ines@customer.example"
    sandbox.send_draft(draft.json["id"])
    assert sandbox.row("Activity", draft.json["id"])["EmailSendStatusId"] == ids.SENT  # type: ignore[index]  # it exists


def test_cases_are_found_by_word_and_status(script: Script, sandbox: Sandbox, case: str) -> None:
    other = sandbox.create("Case", {"Subject": "Invoice"})
    sandbox.close(other)

    def found(query: str) -> list[str]:
        return [each["id"] for each in script("GET", f"desk/cases?{query}").json]

    assert found("") == [other, case]
    assert found("search=costa") == found("search=SR00000001") == [case]
    assert found("status=open") == found("status=New") == [case]
    assert found("status=Closed") == [other]
    assert found("search=nobody") == []


def test_any_record_can_be_made_read_changed_and_deleted(script: Script) -> None:
    made = script("POST", "desk/records/Contact", {"Name": "Jonas"}).json["id"]
    path = f"desk/records/Contact/{made}"
    assert script("PATCH", path, {"Email": "j@x.example"}).json["Email"] == "j@x.example"
    assert script("GET", path).json["Name"] == "Jonas"
    assert script("DELETE", path).status == 204
    assert script("GET", path).status == 404


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("desk/cases/none/task", {"text": "a"}, 404),
        ("desk/cases/{case}/task", {"words": "a"}, 400),
        ("desk/cases/{case}/status", {"status": "Nearly done"}, 404),
        ("desk/records/Nope", {}, 404),
        ("desk/records/Contact", {"Nope": 1}, 400),
        ("desk/records/Contact", {"Name": 1}, 400),
        ("processes", {"name": "a"}, 400),
    ],
)
def test_mistakes_are_answered_in_words(
    script: Script, case: str, path: str, body: object, status: int
) -> None:
    answer = script("POST", path.format(case=case), body)
    assert (answer.status, bool(answer.json["error"])) == (status, True)


def test_faults_are_replaced_merged_and_cleared(script: Script) -> None:
    assert script("PUT", "faults", {"errors": 0.5, "latency": "20ms"}).json["latency_ms"] == 20
    merged = script("PATCH", "faults", {"cut": 0.1}).json
    assert (merged["errors"], merged["cut"]) == (0.5, 0.1)
    line = script.caller.send(
        "PUT",
        "/sandbox/faults",
        b"dropped=0.5,seed=9",
        {**script.headers, "Content-Type": "text/plain"},
    )
    assert (line.json["dropped"], line.json["seed"], line.json["errors"]) == (0.5, 9, 0)
    assert script("PUT", "faults", {"rain": 1}).status == 400
    assert script("PUT", "faults", {}).json == script("GET", "faults").json
    assert script("GET", "faults").json["dropped"] == 0


def test_processes_are_made_switched_and_removed(
    script: Script, sandbox: Sandbox, receiver: Receiver, case: str
) -> None:
    seeded = script("PUT", "webhook", {"url": receiver.url}).json
    assert [each["object"] for each in seeded] == ["Activity", "Case"]
    assert len(script("PUT", "webhook", {"url": receiver.url}).json) == 2
    off = script("PUT", f"processes/{seeded[0]['id']}", {"active": False}).json
    assert (off["active"], off["name"]) == (False, seeded[0]["name"])
    script("POST", f"desk/cases/{case}/task", {"text": "a"})
    script("POST", f"desk/cases/{case}/status", {"status": "Closed"})
    sandbox.wait_until_idle()
    assert receiver.events() == [("case_closed", case)]
    (run,) = script("GET", f"log?case={case}").json
    assert (run["status"], run["attempts"][0]["status"]) == ("Completed", 200)
    assert script("DELETE", "log").status == 204
    assert script("GET", "log").json == []
    assert script("DELETE", f"processes/{seeded[0]['id']}").status == 204
    assert script("GET", f"processes/{seeded[0]['id']}").status == 404
    assert script("PUT", "webhook", {"url": "ftp://x"}).status == 400
    assert script("PUT", "webhook", {"url": None}).json == []


def test_a_reset_takes_everything_back(script: Script, sandbox: Sandbox, case: str) -> None:
    script("PUT", "faults", {"errors": 1})
    assert script("POST", "reset").status == 204
    assert sandbox.cases() == []
    assert sandbox.row("Case", case) is None
    assert script("GET", "faults").json["errors"] == 0
    caller = script.caller.sign_in(sandbox)
    assert caller.post("Case", {"Subject": "a"}).json["Number"] == "SR00000001"
