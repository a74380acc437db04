"""Clients that others wrote, unchanged, against the sandbox: it is theirs to believe it.

Each runs as a program of its own (tests/sandbox/foreign) and tells what it saw; what is asserted
besides is what the sandbox holds afterwards.
"""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from creatio_sandbox.testing import Plan, Sandbox, start
from tests.sandbox.foreigners import tell_in_node, tell_in_python

pytestmark = pytest.mark.timeout(400)  # the first run installs them
STATUSES = [
    "Canceled", "Closed", "In progress", "New", "Reopened", "Resolved", "Waiting for response",
]  # fmt: skip


@pytest.fixture
def customised(tmp_path: Path) -> Iterator[Sandbox]:
    """creatio-api-py writes CaseFile.TotalSize, which stock 8.1 does not have."""
    schema = tmp_path / "schema.toml"
    schema.write_text('[CaseFile.columns]\nTotalSize = "int"\n')
    with start(Plan(schema=str(schema))) as sandbox:
        yield sandbox


def oauth(sandbox: Sandbox) -> tuple[str, str, str]:
    return sandbox.url, sandbox.address.client_id, sandbox.address.client_secret


def test_creatio_api_py_signs_in_by_form_and_keeps_records_and_files(
    customised: Sandbox, tmp_path: Path
) -> None:
    key = base64.urlsafe_b64encode(bytes(32)).decode()
    saw = tell_in_python(
        "story_creatio_api_py.py",
        *(customised.url, "Supervisor", "Supervisor", str(tmp_path)),
        folder=tmp_path,
        SESSIONS_ENCRYPTION_KEY=key,
    )
    case = str(saw.pop("case"))
    assert saw == {
        "wrong password": "Invalid username or password specified.",
        "login": 0,
        "cookies": [".ASPXAUTH", "BPMCSRF", "BPMLOADER", "UserName"],
        "calls of the second": 1,
        "number": "SR00000001",
        "only count": "1",
        "found": [["Rear brake squeals", "New"]],
        "count": 1,
        "notes": "Seen by a stranger",
        "form": 415,
        "file": "pads are worn",
        "deleted": 204,
        "metadata": len(customised.serving.instance.records.known),
    }
    held = customised.case(case)
    assert held["case"]["Notes"] == "Seen by a stranger"
    assert [file["Name"] for file in held["files"]] == ["note.txt"]
    assert len(customised.cases()) == 1


def test_python_odata_builds_itself_from_the_metadata(sandbox: Sandbox, tmp_path: Path) -> None:
    saw = tell_in_python("story_python_odata.py", *oauth(sandbox), folder=tmp_path)
    case = str(saw.pop("case"))
    assert saw == {
        "entities": len(sandbox.serving.instance.records.known),
        "way back": True,
        "number": "SR00000001",
        "found": [["Invoice: old VAT number", "Corrected"]],
        "lookup": "Ines Costa",
        "followed back": ["A question"],
        "left": [],
    }
    assert sandbox.case(case)["activities"] == []


def test_odatapy_types_what_it_sends_and_gets_by_the_metadata(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    saw = tell_in_python("story_odatapy.py", *oauth(sandbox), folder=tmp_path)
    case = str(saw.pop("case"))
    assert saw == {
        "sets": len(sandbox.serving.instance.records.known),
        "typed": "Case",
        "number": "SR00000001",
        "notes": "Sent again",
        "count": 1,
        "status": "New",
        "newest": ["Second word"],
        "number of cases": 1,
        "statuses": STATUSES,
        "bytes": b"\x00\x01lamp".hex(),
        "batch": [201, 201],
        "unknown column": 400,
    }
    assert sandbox.case(case)["files"] == []
    assert {row["Title"] for row in sandbox.case(case)["activities"]} == {
        "First word", "Second word",
    }  # fmt: skip


def test_two_clients_of_node_do_the_same(sandbox: Sandbox, tmp_path: Path) -> None:
    saw = tell_in_node("story_odata_client.cjs", *oauth(sandbox), folder=tmp_path)
    assert saw == {
        "number": "SR00000001",
        "found": ["Later delivery"],
        "notes": "Next Monday",
        "count": 1,
        "left": 0,
        "contact": "Mei-Ling Chen",
        "phones": [["+49 30 1234567", "Integration user"]],
        "deleted": 204,
    }
    assert sandbox.cases() == []
