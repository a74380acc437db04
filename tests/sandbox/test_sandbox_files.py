"""The file services: 200 whatever happens, `success` tells."""

from urllib.parse import urlencode
from uuid import uuid4

from creatio_sandbox import ids
from creatio_sandbox.testing import Sandbox
from tests.sandbox.caller import Caller, Reply

CONTENT = bytes(range(256)) * 8


def upload(
    caller: Caller, case: str, file: str, content: bytes, *, span: str = "", **more: str
) -> Reply:
    asked = {
        "totalFileLength": str(len(CONTENT)),
        "fileId": file,
        "mimeType": "application/octet-stream",
        "fileName": "Rückrad.bin",
        "columnName": "Data",
        "entitySchemaName": "CaseFile",
        "parentColumnName": "Case",
        "parentColumnValue": case,
        **more,
    }
    headers = {"Content-Type": "application/octet-stream"}
    if span:
        headers["Content-Range"] = span
    path = f"/0/rest/FileApiService/UploadFile?{urlencode(asked)}"
    return caller.send("POST", path.replace("%C3%BC", "ü"), content, headers)


def test_a_file_in_one_piece_makes_its_row(caller: Caller, sandbox: Sandbox) -> None:
    case, file = sandbox.create("Case", {"Subject": "a"}), str(uuid4())
    answer = upload(caller, case, file, CONTENT)
    assert (answer.status, answer.json) == (200, {"success": True, "errorInfo": None})
    row = caller.get(f"CaseFile({file})?$select=Name,Size,CaseId,TypeId").json
    assert (row["Name"], row["Size"]) == ("Rückrad.bin", len(CONTENT))
    assert (row["CaseId"], row["TypeId"]) == (case, ids.FILE)
    for path in (
        f"/0/rest/FileService/Download/CaseFile/{file}",
        f"/rest/FileService/GetFile/CaseFile/{file}",
    ):
        loaded = caller.send("GET", path)
        assert loaded.body == CONTENT
        assert "R%C3%BCckrad.bin" in loaded.headers["content-disposition"]
    assert sandbox.case(case)["files"][0]["Name"] == "Rückrad.bin"


def test_a_file_in_parts_is_put_together(caller: Caller, sandbox: Sandbox) -> None:
    case, file = sandbox.create("Case", {"Subject": "a"}), str(uuid4())
    total = len(CONTENT)
    for start in range(0, total, 700):
        part = CONTENT[start : start + 700]
        span = f"bytes {start}-{start + len(part) - 1}/{total}"
        assert upload(caller, case, file, part, span=span).json["success"]
        again = upload(caller, case, file, part, span=span)
        assert again.json["success"]
    assert caller.get(f"CaseFile({file})/Data").body == CONTENT


def test_a_gap_between_parts_fails_and_leaves_nothing(caller: Caller, sandbox: Sandbox) -> None:
    case, file = sandbox.create("Case", {"Subject": "a"}), str(uuid4())
    answer = upload(caller, case, file, b"x", span="bytes 10-10/11")
    assert (answer.status, answer.json["success"]) == (200, False)
    assert caller.get(f"CaseFile({file})").status == 404


def test_failures_are_told_in_the_body(caller: Caller, sandbox: Sandbox) -> None:
    case, file = sandbox.create("Case", {"Subject": "a"}), str(uuid4())
    too_big = upload(caller, case, file, b"x", totalFileLength=str(11 * 1024 * 1024))
    assert (too_big.status, too_big.json["success"]) == (200, False)
    assert too_big.json["errorInfo"]["errorCode"] == "MaxFileSizeExceededException"
    nowhere = upload(caller, case, file, b"x", entitySchemaName="UsrFile")
    assert (nowhere.status, nowhere.json["success"]) == (200, False)
    orphan = upload(caller, str(uuid4()), file, b"x")
    assert (orphan.status, orphan.json["success"]) == (200, False)


def test_what_was_never_uploaded_is_404(caller: Caller) -> None:
    assert caller.send("GET", f"/0/rest/FileService/Download/CaseFile/{uuid4()}").status == 404
    assert caller.send("GET", f"/0/rest/FileService/Download/UsrFile/{uuid4()}").status == 404
