"""Who may do what with which entity, and how a refusal looks."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from creatio_sandbox.rights import Operation
from creatio_sandbox.testing import Plan, Rights, Sandbox, start
from tests.sandbox.caller import Caller, Reply

TECHNICAL = "Integration user"
REFUSAL = 'Current user does not have permissions for the "{}" object'


def only(**grants: frozenset[Operation]) -> Rights:
    return Rights(users={TECHNICAL: grants})


@pytest.mark.parametrize(
    ("allowed", "entity", "refused"),
    [
        (frozenset(), "Case", {"read", "count", "create", "change", "delete", "part", "expand"}),
        (frozenset({"read"}), "Case", {"create", "change", "delete"}),
        (frozenset({"read", "create", "update"}), "Case", {"delete"}),
        (frozenset({"create", "update", "delete"}), "Contact", {"expand"}),
    ],
)
def test_each_right_is_asked_for_by_its_own_calls(
    caller: Caller,
    sandbox: Sandbox,
    allowed: frozenset[Operation],
    entity: str,
    refused: set[str],
) -> None:
    case = sandbox.create("Case", {"Subject": "a"})
    calls: dict[str, Callable[[], Reply]] = {
        "read": lambda: caller.get("Case?$select=Id"),
        "count": lambda: caller.get("Case/$count"),
        "part": lambda: caller.get(f"Case({case})/Subject"),
        "expand": lambda: caller.get("Case?$select=Id&$expand=Contact($select=Name)"),
        "create": lambda: caller.post("Case", {"Subject": "b"}),
        "change": lambda: caller.patch(f"Case({case})", {"Notes": "b"}),
        "delete": lambda: caller.delete(f"Case({case})"),
    }
    sandbox.set_rights(Rights(users={TECHNICAL: {entity: allowed}}))
    answers = {name: call() for name, call in calls.items()}
    assert {name for name, answer in answers.items() if answer.failed} == refused
    for name in refused:
        assert (answers[name].status, answers[name].error) == (403, REFUSAL.format(entity))
    assert sandbox.row("Case", case) is not None or "delete" not in refused


def test_the_refusal_can_be_a_500(caller: Caller, sandbox: Sandbox) -> None:
    sandbox.set_rights(Rights(users={TECHNICAL: {"Case": frozenset()}}, refused_as=500))
    answer = caller.get("Case?$select=Id")
    assert (answer.status, answer.inner) == (500, REFUSAL.format("Case"))
    assert answer.json["error"]["innererror"]["type"] == "System.Security.SecurityException"


def test_a_star_stands_for_every_entity_that_is_not_named(caller: Caller, sandbox: Sandbox) -> None:
    grants: dict[str, frozenset[Operation]] = {
        "*": frozenset({"read"}),
        "Case": frozenset({"create"}),
    }
    sandbox.set_rights(Rights(users={TECHNICAL: grants}))
    assert caller.get("Contact?$select=Id").status == 200
    assert caller.post("Contact", {"Name": "a"}).status == 403
    assert caller.post("Case", {"Subject": "a"}).status == 201
    assert caller.get("Case?$select=Id").status == 403
    assert caller.get("$metadata").status == 200


def test_a_batch_meets_the_same_rights(caller: Caller, sandbox: Sandbox) -> None:
    sandbox.set_rights(only(Case=frozenset({"read"})))
    parts = {"requests": [{"method": "POST", "url": "Case", "id": "1", "body": {"Subject": "a"}}]}
    assert caller.post("$batch", parts).json["responses"][0]["status"] == 403
    assert sandbox.cases() == []


def test_files_ask_for_rights_too(caller: Caller, sandbox: Sandbox) -> None:
    case = sandbox.create("Case", {"Subject": "a"})
    file = caller.post("CaseFile", {"Name": "a.txt", "CaseId": case}).json["Id"]
    sandbox.set_rights(only(CaseFile=frozenset()))
    upload = (
        f"/0/rest/FileApiService/UploadFile?fileId={file}&fileName=a.txt&columnName=Data"
        f"&entitySchemaName=CaseFile&parentColumnName=Case&parentColumnValue={case}"
    )
    said = caller.send("POST", upload, b"x", {"Content-Type": "application/octet-stream"})
    assert (said.status, said.json["success"]) == (200, False)
    assert said.json["errorInfo"]["errorCode"] == "SecurityException"
    assert caller.send("GET", f"/0/rest/FileService/Download/CaseFile/{file}").status == 403
    assert caller.get(f"CaseFile({file})/Data").status == 403


def test_rights_come_by_json_and_go_with_a_reset(
    stranger: Caller, caller: Caller, sandbox: Sandbox
) -> None:
    key = {"X-Sandbox-Key": sandbox.key}
    rights = {"users": {TECHNICAL: {"Case": ["read"]}}, "refused_as": 500}
    assert stranger.send("PUT", "/sandbox/rights", rights, key).status == 200
    assert stranger.send("GET", "/sandbox/rights", headers=key).json == rights
    assert caller.post("Case", {"Subject": "a"}).status == 500
    assert stranger.send("GET", "/sandbox/rights").status in {200, 401}
    sandbox.reset()
    assert caller.post("Case", {"Subject": "a"}).status == 201


@pytest.mark.parametrize(
    ("rights", "complaint"),
    [
        ({"users": {"Nobody": {}}}, "There is no user 'Nobody'."),
        ({"users": {TECHNICAL: {"Caes": ["read"]}}}, "There is no entity 'Caes'."),
        ({"users": {TECHNICAL: {"Case": ["look"]}}}, "cannot be read"),
        ({"refused_as": 404}, "cannot be read"),
    ],
)
def test_rights_that_mean_nothing_are_refused(
    stranger: Caller, sandbox: Sandbox, rights: object, complaint: str
) -> None:
    said = stranger.send("PUT", "/sandbox/rights", rights, {"X-Sandbox-Key": sandbox.key})
    assert said.status == 400
    assert complaint in said.json["error"]


def test_a_file_of_rights_holds_from_the_start(tmp_path: Path) -> None:
    file = tmp_path / "rights.json"
    file.write_text(json.dumps({"users": {TECHNICAL: {"Case": []}}}))
    with start(Plan(rights=str(file))) as sandbox:
        caller = Caller(sandbox.url).sign_in(sandbox)
        assert caller.get("Case?$select=Id").status == 403
        sandbox.set_rights()
        assert caller.get("Case?$select=Id").status == 200
        sandbox.reset()
        assert caller.get("Case?$select=Id").status == 403
        caller.close()
