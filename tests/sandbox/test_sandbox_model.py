"""A schema of one's own, the document that describes it, and reading along and back its lookups."""

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from creatio_sandbox.cli import run
from creatio_sandbox.model import BadSchema, read_model
from creatio_sandbox.testing import Plan, Sandbox, start
from tests.sandbox.caller import Caller

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
OWN = """
[UsrDevice]
indexes = [["UsrSerial"]]
[UsrDevice.columns]
UsrSerial = "str50*"
UsrBoughtOn = "dt"
UsrPrice = "dec"
UsrOwnerId = "-> Contact"

[Case.columns]
UsrDeviceId = "-> UsrDevice"
UsrRating = "int"

[[rows.UsrDevice]]
Id = "10000000-0000-4000-8000-000000000001"
UsrSerial = "A-1"
"""
DEVICE = "10000000-0000-4000-8000-000000000001"
NOWHERE = "00000000-0000-4000-8000-000000000000"


def schema_file(folder: Path, text: str) -> str:
    file = folder / "my.toml"
    file.write_text(text)
    return str(file)


@pytest.fixture(scope="module")
def own_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with start(Plan(schema=schema_file(tmp_path_factory.mktemp("schema"), OWN))) as sandbox:
        yield sandbox


@pytest.fixture
def own(own_sandbox: Sandbox) -> Iterator[Caller]:
    own_sandbox.reset()
    caller = Caller(own_sandbox.url).sign_in(own_sandbox)
    yield caller
    caller.close()


def test_entities_and_columns_of_ones_own_are_like_the_shipped_ones(own: Caller) -> None:
    made = own.post("Case", {"Subject": "a", "UsrDeviceId": DEVICE, "UsrRating": 4}).json
    asked = "Case?$select=UsrRating&$expand=UsrDevice($select=UsrSerial)"
    row = own.get(f"{asked}&$filter=UsrDevice/UsrSerial eq 'A-1'").rows[0]
    assert row == {"UsrRating": 4, "UsrDevice": {"UsrSerial": "A-1"}}
    assert own.get(f"UsrDevice({DEVICE})/CaseCollectionByUsrDevice").rows[0]["Id"] == made["Id"]
    again = own.post("UsrDevice", {"UsrSerial": "B-2", "UsrPrice": 12.5})
    assert (again.status, again.json["UsrPrice"]) == (201, 12.5)


def test_what_only_another_sandboxs_schema_has_is_unknown_here(own: Caller, caller: Caller) -> None:
    assert own.get("UsrDevice?$select=UsrSerial").status == 200
    missing = caller.get("UsrDevice?$select=UsrSerial")
    assert missing.status == 404
    assert missing.json["MessageDetail"] == (
        "No type was found that matches the controller named 'UsrDevice'."
    )
    assert caller.get("Case?$select=UsrRating").status == 400
    refused = caller.post("Case", {"Subject": "a", "UsrRating": 4})
    assert "The property 'UsrRating' does not exist" in refused.inner


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[case.columns]\nUsrA = 'int'", "a capital first"),
        ("[Case]\ncolour = 1", "in it only columns, indexes, uid"),
        ("[Case.columns]\nSubject = 'int'", "Case.Subject is there already"),
        ("[Case.columns]\nUsrA = 'money'", "has the type 'money'"),
        ("[Case.columns]\nUsrA = '-> Contact'", "its name must end with Id"),
        ("[Case.columns]\nUsrAId = '-> Divice'", "points to 'Divice'"),
        ("[Case]\nindexes = [['UsrA']]", "An index of Case names 'UsrA'"),
        ("[[rows.Nope]]\nId = 'x'", "[[rows.Nope]] names no entity"),
        ("[[rows.Account]]\nNaem = 'x'", "A row of Account names 'Naem'"),
        ("[Case", "cannot be read"),
    ],
)
def test_a_wrong_schema_file_is_refused_with_the_place(
    tmp_path: Path, text: str, complaint: str
) -> None:
    with pytest.raises(BadSchema, match=complaint.replace("[", r"\[").replace("]", r"\]")):
        read_model(schema_file(tmp_path, text))


def test_the_command_line_says_what_is_wrong_with_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["--schema", schema_file(tmp_path, "[Case.columns]\nUsrA = 'money'")]) == 2
    assert "Case.UsrA has the type 'money'" in capsys.readouterr().err


def test_the_metadata_hangs_together(own: Caller) -> None:
    """Every type that is named exists, and each set says where its properties lead."""
    document = ET.fromstring(own.get("$metadata").body)
    types = {each.get("Name"): each for each in document.iter(f"{EDM}EntityType")}
    sets = {each.get("Name"): each for each in document.iter(f"{EDM}EntitySet")}
    assert types.keys() == sets.keys()
    assert {"Case", "UsrDevice"} <= types.keys()
    for name, kind in types.items():
        own_names = [each.get("Name") for each in kind if each.get("Name")]
        assert len(own_names) == len(set(own_names)), name
        properties = {each.get("Name") for each in kind.iter(f"{EDM}Property")}
        assert {each.get("Name") for each in kind.iter(f"{EDM}PropertyRef")} <= properties
        bound = {each.get("Path"): each.get("Target") for each in sets[name]}
        for navigation in kind.iter(f"{EDM}NavigationProperty"):
            target = str(navigation.get("Type")).removeprefix("Collection(").rstrip(")")
            entity = target.removeprefix("Terrasoft.Configuration.OData.")
            assert entity in types
            assert bound[navigation.get("Name")] == entity
            for constraint in navigation:
                assert constraint.get("Property") in properties
    ways_back = {each.get("Name") for each in types["Case"].iter(f"{EDM}NavigationProperty")}
    assert {"CaseFileCollectionByCase", "ActivityCollectionByCase"} <= ways_back


def three_activities(sandbox: Sandbox) -> str:
    contact = sandbox.create("Contact", {"Name": "Ines Costa"})
    case = sandbox.create("Case", {"Subject": "Refund", "ContactId": contact})
    for title in ("one", "two", "three"):
        sandbox.create("Activity", {"Title": title, "CaseId": case})
    return case


def test_a_collection_is_expanded_with_options_of_its_own(caller: Caller, sandbox: Sandbox) -> None:
    case = three_activities(sandbox)
    inner = "$select=Title;$filter=Title ne 'two';$orderby=Title desc;$top=1;$count=true"
    query = f"$select=Subject&$expand=ActivityCollectionByCase({inner})"
    row = caller.get(f"Case({case})?{query}").json
    assert row["ActivityCollectionByCase"] == [{"Title": "three"}]
    assert row["ActivityCollectionByCase@odata.count"] == 2
    nested = "$expand=Contact($select=Name;$expand=CaseCollectionByContact($select=Subject))"
    row = caller.get(f"Case({case})?$select=Id&{nested}").json
    assert row["Contact"]["CaseCollectionByContact"] == [{"Subject": "Refund"}]


def test_expanding_deeper_than_two_is_refused_on_either_way(caller: Caller) -> None:
    deep = "Contact($expand=CaseCollectionByContact($expand=Status))"
    refused = caller.get(f"Case?$expand={deep}")
    assert refused.status == 400
    assert "The maximum depth allowed is 2." in refused.error
    assert caller.get("Case?$expand=Contact($expand=Account)&$select=Id").status == 200


def test_options_for_collections_fit_no_single_record(caller: Caller) -> None:
    refused = caller.get("Case?$select=Id&$expand=Status($filter=IsFinal)")
    assert refused.status == 400
    assert "can be applied only on collections" in refused.error


def test_a_path_leads_along_lookups_and_back(caller: Caller, sandbox: Sandbox) -> None:
    case = three_activities(sandbox)
    assert caller.get(f"Case({case})/Contact/Name/$value").body == b"Ines Costa"
    assert caller.get(f"Case({case})/Contact/Name").json["value"] == "Ines Costa"
    assert caller.get(f"Case({case})/Owner/Name").status == 204
    assert caller.get(f"Case({case})/Status/IsFinal/$value").body == b"false"
    back = f"Case({case})/ActivityCollectionByCase"
    assert caller.get(f"{back}/$count").body == b"3"
    found = caller.get(f"{back}?$select=Title&$filter=startswith(Title,'t')&$orderby=Title")
    assert [row["Title"] for row in found.rows] == ["three", "two"]
    assert caller.get(f"Case({NOWHERE})/ActivityCollectionByCase").status == 404
    assert caller.get(f"Case({case})/Contact/Nope").status == 400


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ("ActivityCollectionByCase/any(a: a/Title eq 'two')", {"with"}),
        ("ActivityCollectionByCase/any()", {"with"}),
        ("not ActivityCollectionByCase/any()", {"without"}),
        ("ActivityCollectionByCase/all(a: length(a/Title) gt 3)", {"without"}),
        ("ActivityCollectionByCase/any(a: a/Type/Name eq 'Task' and a/Case/Id eq Id)", {"with"}),
        ("ActivityCollectionByCase/any(a: a/Title eq 'two' and Subject eq 'with')", {"with"}),
        ("Contact/CaseCollectionByContact/any(c: c/Subject eq 'with')", {"with"}),
        ("ProcessingTimeUnitValue add 2 mul 3 eq 21", {"with"}),
        ("ProcessingTimeUnitValue mod 4 eq 3 and -ProcessingTimeUnitValue lt 0", {"with"}),
        ("ProcessingTimeUnitValue div 5 sub 1 eq 2", {"with"}),
        ("SolutionRemains sub 0.5 eq 2", {"with"}),
        ("round(SolutionRemains) eq 3 and floor(SolutionRemains) eq 2", {"with"}),
        ("ceiling(SolutionRemains) eq 0", {"without"}),
        ("concat(Subject,'!') eq 'with!'", {"with"}),
        ("substring(Subject,4) eq 'out' and substring(Subject,0,2) eq 'wi'", {"without"}),
        ("date(SolutionDate) eq 2026-03-04", {"with"}),
        ("CreatedOn le now() and ModifiedOn gt 2020-01-01T00:00:00Z", {"with", "without"}),
    ],
)
def test_functions_arithmetic_and_lambdas(
    caller: Caller, sandbox: Sandbox, condition: str, wanted: set[str]
) -> None:
    contact = sandbox.create("Contact", {"Name": "Ines Costa"})
    case = sandbox.create(
        "Case",
        {
            "Subject": "with",
            "ContactId": contact,
            "ProcessingTimeUnitValue": 15,
            "SolutionRemains": 2.5,
            "SolutionDate": "2026-03-04T11:00:00Z",
        },
    )
    sandbox.create("Activity", {"Title": "two", "CaseId": case})
    sandbox.create("Case", {"Subject": "without"})
    answer = caller.find("Case", condition, select="Subject")
    assert answer.status == 200, answer.body
    assert {row["Subject"] for row in answer.rows} == wanted


def test_now_is_creatios_own(caller: Caller, sandbox: Sandbox) -> None:
    sandbox.create("Case", {"Subject": "a"})
    sandbox.set_faults(clock_offset="-2h")
    assert caller.find("Case", "CreatedOn gt now()").rows != []


def test_every_behaviour_says_what_it_rests_on() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "reference" / "sandbox-fidelity.md"
    rows = [line for line in page.read_text("utf-8").splitlines() if line.startswith("| ")]
    told = [[cell.strip() for cell in row.strip("|").split(" |")] for row in rows]
    behaviours = [cells for cells in told if cells[0] != "behaviour"]
    assert len(behaviours) > 100
    standings = (
        "confirmed",
        "inferred",
        "assumed",
        "simplified",
        "not modelled",
        "501",
        "the sandbox",
    )
    for cells in behaviours:
        assert len(cells) == 3, cells
        assert cells[1].startswith(standings), cells
        assert cells[2], cells
        assert cells[2] != "—" or not cells[1].startswith("confirmed"), cells
