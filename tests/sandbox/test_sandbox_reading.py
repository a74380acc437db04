"""What a program reads over OData, option by option."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest

from creatio_sandbox import ids
from creatio_sandbox.testing import Sandbox
from tests.sandbox.caller import Caller

NOWHERE = "11111111-2222-4333-8444-555555555555"


def test_a_collection_names_its_columns_and_counts_its_rows(caller: Caller) -> None:
    answer = caller.get(
        "CaseStatus?$select=Name,IsFinal&$count=true&$top=2&$skip=3&$orderby=StageNumber,Name"
    )
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json; odata.metadata=minimal"
    assert answer.headers["odata-version"] == "4.0"
    context = f"{caller.url}/0/odata/$metadata#CaseStatus(Name,IsFinal)"
    assert answer.json == {
        "@odata.context": context,
        "@odata.count": 7,
        "value": [
            {"Name": "Waiting for response", "IsFinal": False},
            {"Name": "Resolved", "IsFinal": False},
        ],
    }


def test_both_prefixes_a_trailing_slash_and_encoded_options_are_understood(caller: Caller) -> None:
    wanted = caller.get("CaseOrigin?$select=Name&$orderby=Name desc").rows
    encoded = caller.send("GET", "/odata/CaseOrigin?%24select=Name&%24orderby=Name+desc")
    assert encoded.rows == wanted
    assert {"name": "Case", "kind": "EntitySet", "url": "Case"} in caller.get("").rows


def test_both_spellings_of_a_key_name_the_same_record(caller: Caller, sandbox: Sandbox) -> None:
    case = sandbox.create("Case", {"Subject": "Rear brake squeals"})
    one = caller.get(f"Case({case.upper()})?$select=Subject")
    assert one.json == {
        "@odata.context": f"{caller.url}/0/odata/$metadata#Case(Subject)/$entity",
        "Subject": "Rear brake squeals",
    }
    assert caller.get(f"Case/{case}?$select=Subject").json == one.json


def test_lookups_come_as_ids_and_their_names_by_expanding(caller: Caller, sandbox: Sandbox) -> None:
    contact = sandbox.create("Contact", {"Name": "Ines Costa", "AccountId": ids.OUR_COMPANY})
    case = sandbox.create("Case", {"Subject": "a", "ContactId": contact})
    answer = caller.get(
        f"Case({case})?$select=Id&$expand=Contact($select=Name;$expand=Account($select=Name)),"
        "Owner($select=Name),Status($select=Name,IsFinal)"
    )
    assert answer.json["Contact"] == {"Name": "Ines Costa", "Account": {"Name": "Our company"}}
    assert answer.json["Owner"] is None
    assert answer.json["Status"] == {"Name": "New", "IsFinal": False}


def test_what_is_empty_is_never_null(caller: Caller, sandbox: Sandbox) -> None:
    case = sandbox.create("Case", {"Subject": "a"})
    row = caller.get(f"Case({case})").json
    assert row["OwnerId"] == ids.EMPTY
    assert row["Notes"] == ""
    assert row["SolutionDate"] == "0001-01-01T00:00:00Z"
    assert row["ProcessListeners"] == 0
    assert row["ResponseOverdue"] is False
    assert None not in row.values()


def test_one_property_and_its_bare_value(caller: Caller, sandbox: Sandbox) -> None:
    case = sandbox.create("Case", {"Subject": "Rear brake squeals"})
    assert caller.get(f"Case({case})/Subject").json["value"] == "Rear brake squeals"
    assert caller.get(f"Case({case})/Subject/$value").body == b"Rear brake squeals"
    assert caller.get(f"Case({case})/Status?$select=Name").json["Name"] == "New"
    assert caller.get(f"Case({case})/Owner").status == 204


def test_a_count_is_a_plain_number(caller: Caller) -> None:
    answer = caller.get("CaseStatus/$count?$filter=IsFinal")
    assert answer.headers["content-type"] == "text/plain"
    assert answer.body == b"2"


def test_at_most_twenty_thousand_rows_come_and_nothing_says_so(
    caller: Caller, sandbox: Sandbox
) -> None:
    plant = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20050)"
        """ INSERT INTO "CaseOrigin" ("Id", "Name") SELECT 'row ' || i, 'x' FROM n"""
    )
    database = sandbox.serving.instance.database
    database.run(plant)
    answer = caller.get("CaseOrigin?$select=Name&$count=true")
    assert len(answer.rows) == 20_000
    assert answer.json["@odata.count"] == 20_059
    assert "@odata.nextLink" not in answer.json


def test_the_date_of_an_answer_is_creatios_own(caller: Caller, sandbox: Sandbox) -> None:
    sandbox.set_faults(clock_offset="-2h")
    answer = caller.get("Case?$select=Id")
    behind = datetime.now(UTC) - parsedate_to_datetime(answer.headers["date"])
    assert abs(behind - timedelta(hours=2)) < timedelta(minutes=1)
    made = caller.post("Case", {"Subject": "a"}).json
    assert abs(datetime.fromisoformat(made["CreatedOn"]) - datetime.now(UTC)) > timedelta(hours=1)


def test_metadata_names_what_the_schema_holds(caller: Caller) -> None:
    answer = caller.get("$metadata")
    assert answer.headers["content-type"] == "application/xml"
    text = answer.body.decode()
    activity = re.search(r'<EntityType Name="Activity">(.*?)</EntityType>', text)
    assert activity is not None
    assert '<Key><PropertyRef Name="Id" /></Key>' in activity[1]
    assert '<Property Name="DetailedResult" Type="Edm.String" />' in activity[1]
    assert '<Property Name="ModifiedOn" Type="Edm.DateTimeOffset" />' in activity[1]
    assert (
        '<NavigationProperty Name="Case" Type="Terrasoft.Configuration.OData.Case">'
        '<ReferentialConstraint Property="CaseId" ReferencedProperty="Id" />'
    ) in activity[1]
    assert 'Name="Color"' not in activity[1]
    assert '<Property Name="Data" Type="Edm.Stream" />' in text
    assert caller.get("Contact/$metadata").status == 404


def test_stream_columns_come_as_links(caller: Caller, sandbox: Sandbox) -> None:
    case = sandbox.create("Case", {"Subject": "a"})
    file = caller.post("CaseFile", {"Name": "a.txt", "CaseId": case}).json
    assert file["Data@odata.mediaReadLink"] == f"CaseFile({file['Id']})/Data"
    assert "Data" not in file


@pytest.mark.parametrize(
    "path",
    ["Case(123)", "Case('x')", f"Case({NOWHERE})/Status/Name/Deep", "Case/Number", "case", "Case2"],
)
def test_what_is_routed_nowhere_is_404(caller: Caller, path: str) -> None:
    answer = caller.get(path)
    assert answer.status == 404
    assert answer.json["Message"].startswith("No HTTP resource was found")


def test_a_missing_record_is_404_without_a_body(caller: Caller) -> None:
    assert (caller.get(f"Case({NOWHERE})").status, caller.get(f"Case({NOWHERE})").body) == (
        404,
        b"",
    )
    assert caller.get(f"Case({NOWHERE})/Subject").status == 404


def test_decimals_come_as_text_for_those_who_cannot_keep_them(
    caller: Caller, sandbox: Sandbox
) -> None:
    contact = sandbox.create("Contact", {"Name": "Ines"})
    case = sandbox.create("Case", {"Subject": "a", "SolutionRemains": 2.5, "ContactId": contact})
    exact = {"Accept": "application/json;odata.metadata=minimal;IEEE754Compatible=true"}
    only = "$select=SolutionRemains,ProcessingTimeUnitValue"
    assert caller.get(f"Case({case})?{only}").json["SolutionRemains"] == 2.5
    found = caller.get(f"Case({case})?{only}", **exact).json
    assert (found["SolutionRemains"], found["ProcessingTimeUnitValue"]) == ("2.5", 0)
    expanded = f"Contact({contact})?$select=Id&$expand=CaseCollectionByContact({only})"
    (row,) = caller.get(expanded, **exact).json["CaseCollectionByContact"]
    assert row["SolutionRemains"] == "2.5"
    assert caller.get(f"Case({case})/SolutionRemains", **exact).json["value"] == "2.5"
    sent = caller.post("Case", {"Subject": "b", "SolutionRemains": "0.1"}, **exact)
    assert sent.json["SolutionRemains"] == "0.1"
