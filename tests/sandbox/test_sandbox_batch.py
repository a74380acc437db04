"""$batch as JSON and as multipart."""

from typing import Any
from uuid import uuid4

import pytest

from creatio_sandbox.testing import Sandbox
from tests.sandbox.caller import Caller


def requests(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"requests": list(parts)}


def new_case(part: str, subject: str, **more: Any) -> dict[str, Any]:
    return {"method": "POST", "url": "Case", "id": part, "body": {"Subject": subject}, **more}


def test_a_json_batch_answers_each_part(caller: Caller, sandbox: Sandbox) -> None:
    case = sandbox.create("Case", {"Subject": "a"})
    answer = caller.post(
        "$batch",
        requests(
            new_case("t1", "b", headers={"Content-Type": "application/json;odata=verbose"}),
            {"method": "PATCH", "url": f"Case/{case}", "id": "t2", "body": {"Subject": "c"}},
            {"method": "GET", "url": f"/0/odata/Case({case})?$select=Subject", "id": "t3"},
            {"method": "GET", "url": f"{caller.url}/0/odata/Case/$count", "id": 4},
        ),
    )
    assert answer.status == 200
    first, second, third, fourth = answer.json["responses"]
    made = first["body"]["Id"]
    assert (first["id"], first["status"]) == ("t1", 201)
    assert first["headers"] == {
        "content-type": "application/json; odata.metadata=minimal",
        "odata-version": "4.0",
        "location": f"{caller.url}/0/odata/Case({made})",
    }
    assert second == {"id": "t2", "status": 204, "headers": {"odata-version": "4.0"}}
    assert third["body"]["Subject"] == "c"
    assert (fourth["id"], fourth["body"]) == ("4", "2")


def test_it_stops_at_the_first_error(caller: Caller, sandbox: Sandbox) -> None:
    parts = requests(new_case("1", "a"), new_case("2", ""), new_case("3", "c"))
    stopped = caller.post("$batch", parts)
    assert [part["status"] for part in stopped.json["responses"]] == [201, 500]
    assert [case["subject"] for case in sandbox.cases()] == ["a"]
    gone_on = caller.post("$batch", parts, Prefer="continue-on-error")
    assert [part["status"] for part in gone_on.json["responses"]] == [201, 500, 201]


def test_a_changeset_is_all_or_nothing(caller: Caller, sandbox: Sandbox) -> None:
    group = {"atomicityGroup": "g1"}
    answer = caller.post(
        "$batch",
        requests(new_case("1", "a", **group), new_case("2", "", **group), new_case("3", "c")),
        Prefer="continue-on-error",
    )
    failed, last = answer.json["responses"]
    assert (failed["id"], failed["status"], "atomicityGroup" in failed) == ("2", 500, True)
    assert (last["id"], last["status"], "atomicityGroup" in last) == ("3", 201, False)
    assert [case["subject"] for case in sandbox.cases()] == ["c"]
    stopped = caller.post("$batch", requests(new_case("1", "", **group), new_case("2", "d")))
    assert [part["status"] for part in stopped.json["responses"]] == [500]
    assert len(sandbox.cases()) == 1


def test_a_whole_changeset_shares_one_name_made_by_the_server(caller: Caller) -> None:
    group = {"atomicityGroup": "g1"}
    answer = caller.post(
        "$batch", requests(new_case("1", "a", **group), new_case("2", "b", **group))
    )
    names = {part["atomicityGroup"] for part in answer.json["responses"]}
    assert len(names) == 1
    assert names != {"g1"}


def test_more_than_a_hundred_parts_are_refused(caller: Caller, sandbox: Sandbox) -> None:
    hundred = [new_case(str(index), "a") for index in range(100)]
    assert len(caller.post("$batch", requests(*hundred)).json["responses"]) == 100
    refused = caller.post("$batch", requests(*hundred, new_case("100", "a")))
    assert refused.status == 400
    assert refused.error.startswith("The current batch message contains too many parts.")
    assert len(sandbox.cases()) == 100


@pytest.mark.parametrize("body", [b"{", {"requests": [{"id": "1"}]}, {"parts": []}])
def test_a_batch_that_cannot_be_read_does_nothing(caller: Caller, body: object) -> None:
    assert caller.post("$batch", body).error == "The request is invalid."


MULTIPART = """--batch_x
Content-Type: multipart/mixed; boundary=changeset_y

--changeset_y
Content-Type: application/http
Content-Transfer-Encoding: binary
Content-ID: 1

POST Case HTTP/1.1
Content-Type: application/json

{{"Id": "{case}", "Subject": "Grüße"}}

--changeset_y
Content-Type: application/http
Content-Transfer-Encoding: binary
Content-ID: 2

POST Activity HTTP/1.1
Content-Type: application/json

{{"Title": "first words", "CaseId": "{case}"}}

--changeset_y--
--batch_x
Content-Type: application/http
Content-Transfer-Encoding: binary

GET Case({case})?$select=Subject HTTP/1.1
Accept: application/json

--batch_x--
"""


@pytest.mark.parametrize("line_end", ["\r\n", "\n"])
def test_a_multipart_batch_is_answered_in_kind(caller: Caller, line_end: str) -> None:
    case = str(uuid4())
    body = MULTIPART.format(case=case).replace("\n", line_end).encode()
    kind = {"Content-Type": "multipart/mixed;boundary=batch_x"}
    answer = caller.send("POST", "/0/odata/$batch", body, kind)
    text = answer.body.decode()
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("multipart/mixed; boundary=batchresponse_")
    assert text.count("HTTP/1.1 201 Created\r\n") == 2
    assert text.count("HTTP/1.1 200 OK\r\n") == 1
    assert "Content-Type: multipart/mixed; boundary=changesetresponse_" in text
    assert f"Location: {caller.url}/0/odata/Case({case})" in text
    assert text.count('"Subject":"Grüße"') == 2


def test_a_multipart_batch_may_be_answered_as_json(caller: Caller) -> None:
    case = str(uuid4())
    body = MULTIPART.format(case=case).encode()
    kind = {"Content-Type": "multipart/mixed;boundary=batch_x", "Accept": "application/json"}
    first, second, third = caller.send("POST", "/0/odata/$batch", body, kind).json["responses"]
    assert (first["id"], second["id"], third["status"]) == ("1", "2", 200)
    assert first["atomicityGroup"] == second["atomicityGroup"]
    assert third["body"]["Subject"] == "Grüße"


def test_what_depends_on_a_failure_is_not_tried(caller: Caller, sandbox: Sandbox) -> None:
    parts = requests(
        new_case("1", ""),
        new_case("2", "b", dependsOn=["1"]),
        new_case("3", "c", dependsOn=["2"]),
        new_case("4", "d"),
        new_case("5", "e", dependsOn=["4"]),
    )
    answer = caller.post("$batch", parts, Prefer="continue-on-error")
    assert [part["status"] for part in answer.json["responses"]] == [500, 424, 424, 201, 201]
    assert {case["subject"] for case in sandbox.cases()} == {"d", "e"}
