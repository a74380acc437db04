"""Each refusal, in the words of the real server."""

import pytest

from creatio_sandbox.testing import Sandbox
from tests.sandbox.caller import Caller

GUID = "f063ebbe-fdc6-4982-8431-d8cfa52fedcf"
INCOMPATIBLE = "A binary operator with incompatible types was detected. Found operand types"
LEAD = "The query specified in the URI is not valid. "


def test_an_unknown_column_in_select_names_only_the_first(caller: Caller) -> None:
    answer = caller.get("Contact?$select=Id,labBadOne,labBadTwo")
    message = "Could not find a property named 'labBadOne' on type 'Terrasoft.Configuration.OData.Contact'"
    assert answer.status == 400
    assert answer.json == {
        "error": {
            "code": "",
            "message": f"{LEAD}{message}.",
            "innererror": {"message": message, "type": "", "stacktrace": ""},
        }
    }


def test_an_unknown_column_in_a_body_is_refused(caller: Caller, sandbox: Sandbox) -> None:
    wanted = (
        "item : The property 'labNope' does not exist on type "
        "'Terrasoft.Configuration.OData.Contact'. Make sure to only use property names that are "
        "defined by the type."
    )
    posted = caller.post("Contact", {"Name": "a", "labNope": 1})
    assert (posted.status, posted.error) == (400, "The request is invalid.")
    assert posted.inner == wanted
    contact = sandbox.create("Contact", {"Name": "Ines"})
    assert caller.patch(f"Contact({contact})", {"Name": "b", "labNope": 1}).inner == wanted
    assert sandbox.row("Contact", contact)["Name"] == "Ines"  # type: ignore[index]  # it exists


def test_an_unknown_collection_is_named(caller: Caller) -> None:
    answer = caller.get("UsrX?$top=1")
    assert answer.status == 404
    assert answer.json == {
        "Message": (
            f"No HTTP resource was found that matches the request URI '{caller.url}/0/odata/UsrX'."
        ),
        "MessageDetail": "No type was found that matches the controller named 'UsrX'.",
    }


@pytest.mark.parametrize(
    ("entity", "condition", "path"),
    [
        ("Case", f"StatusId eq {GUID}", "StatusId"),
        ("Activity", f"Title eq 'a' and CaseId eq {GUID}", "CaseId"),
        ("Activity", f"Case/StatusId eq {GUID}", "Case.StatusId"),
    ],
)
def test_a_flat_lookup_in_a_filter_is_a_server_error(
    caller: Caller, entity: str, condition: str, path: str
) -> None:
    answer = caller.find(entity, condition)
    assert answer.status == 500
    assert answer.error == "An error has occurred."
    assert answer.inner == f"Column by path {path} not found in schema {entity}"


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (
            f"Id eq '{GUID}'",
            f"{INCOMPATIBLE} 'Edm.Guid' and 'Edm.String' for operator kind 'Equal'.",
        ),
        (
            "ModifiedOn ge '2026-01-01T00:00:00Z'",
            f"{INCOMPATIBLE} 'Edm.DateTimeOffset' and 'Edm.String' for operator kind 'GreaterThanOrEqual'.",
        ),
        ("Nope eq 1", "Could not find a property named 'Nope' on type"),
        ("Contact/Nope eq 1", "Could not find a property named 'Nope' on type"),
        (f"Id in ({GUID},{GUID})", "The operator 'in' is not supported."),
        (f"Id eq guid'{GUID}'", "Syntax error at position"),
        ("ModifiedOn ge datetime'2026-01-01T00:00:00'", "Syntax error at position"),
        ("ModifiedOn ge 2026-01-01T00:00:00", "Unrecognized 'Edm.String' literal"),
        ("Subject eq", "Syntax error at position"),
        ("(Subject eq 'a'", "Syntax error at position"),
        ("Subject", "The $filter expression must evaluate to a single boolean value."),
        ("contains(Subject,1)", "No function signature for the function with name 'contains'"),
        ("not Subject", "A unary operator with an incompatible type was detected."),
        ("substringof('a',Subject)", "An unknown function with name 'substringof' was found."),
        (
            "Subject add 1 eq 2",
            f"{INCOMPATIBLE} 'Edm.String' and 'Edm.Int32' for operator kind 'Add'.",
        ),
        (
            "ActivityCollectionByCase eq null",
            "The property 'ActivityCollectionByCase' is a collection",
        ),
        ("Status/any(s: s/IsFinal)", "Any/All may only be used following a collection."),
        ("Subject eq 'a' and Number", "A binary operator with incompatible types was detected."),
    ],
)
def test_a_wrong_filter_is_refused_in_the_frameworks_words(
    caller: Caller, condition: str, message: str
) -> None:
    answer = caller.find("Case", condition)
    assert answer.status == 400
    assert answer.error.startswith(LEAD + message)


def test_fifteen_ids_pass_and_twenty_are_too_many(caller: Caller) -> None:
    def ored(number: int) -> str:
        return " or ".join([f"Id eq {GUID}"] * number)

    assert caller.find("Case", ored(15)).status == 200
    assert caller.find("Activity", " or ".join([f"Case/Id eq {GUID}"] * 12)).status == 200
    refused = caller.find("Case", ored(20))
    assert refused.status == 400
    assert "The node count limit of '100' has been exceeded." in refused.error


@pytest.mark.parametrize(
    ("condition", "what"),
    [
        ("fractionalseconds(ModifiedOn) eq 1", "function 'fractionalseconds'"),
        ("Lead/LeadName eq 'a'", "entity 'Lead'"),
    ],
)
def test_what_the_sandbox_does_not_model_says_so(caller: Caller, condition: str, what: str) -> None:
    answer = caller.find("Activity" if "Lead" in condition else "Case", condition)
    assert answer.status == 501
    assert answer.error.startswith("The sandbox does not model this:")
    assert what in answer.error


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("$top=-1", "Invalid value '-1' for $top query option found."),
        ("$skip=x", "Invalid value 'x' for $skip query option found."),
        ("$count=maybe", "'maybe' is not a valid count option."),
        ("$search=a", "The query parameter '$search' is not supported."),
        ("$select=Id&$select=Id", "Query option '$select' was specified more than once."),
        ("$select=I d", "Term 'I d' is not valid in a $select or $expand expression."),
        ("$expand=Nope", "Could not find a property named 'Nope' on type"),
        ("$expand=Status(", "Found an unbalanced bracket expression in 'Status('."),
        (
            "$expand=Contact($expand=Account($expand=Owner))",
            "The request includes a $expand path which is too deep. The maximum depth allowed is 2.",
        ),
        ("$orderby=Nope", "Could not find a property named 'Nope' on type"),
        ("$orderby=Subject up", "Syntax error at position 0 in 'Subject up'."),
    ],
)
def test_a_wrong_option_is_refused(caller: Caller, query: str, message: str) -> None:
    answer = caller.get(f"Case?{query}")
    assert answer.status == 400
    assert answer.error.startswith(LEAD + message)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"\xff",
        {"Subject": 5},
        {"Subject": "a", "StatusId": "New"},
        {"Subject": "a", "SolutionDate": "2026-01-01T00:00:00"},
        {"Subject": "a", "SolutionDate": "2026-13-01T00:00:00Z"},
        {"Subject": "a", "SolutionDate": 5},
        {"Subject": "a", "ResponseOverdue": "yes"},
        {"Subject": "a", "ProcessingTimeUnitValue": 1.5},
        {"Subject": "a", "ProcessingTimeUnitValue": 2**31},
        {"Subject": "a", "SolutionRemains": "much"},
    ],
)
def test_a_malformed_body_writes_nothing(caller: Caller, sandbox: Sandbox, body: object) -> None:
    answer = caller.post("Case", body)
    assert (answer.status, answer.error) == (400, "The request is invalid.")
    assert sandbox.cases() == []


@pytest.mark.parametrize(
    ("body", "kind", "text"),
    [
        ({}, "EntityColumnValueRequiredException", '"Subject" is required'),
        ({"Subject": ""}, "EntityColumnValueRequiredException", '"Subject" is required'),
        (
            {"Subject": "a", "StatusId": GUID[::-1].replace("-", "0")[:8] + GUID[8:]},
            "Npgsql",
            "23503",
        ),
        ({"Subject": "a" * 501}, "Npgsql", "value too long for type character varying(500)"),
    ],
)
def test_what_the_database_refuses_is_a_server_error(
    caller: Caller, sandbox: Sandbox, body: object, kind: str, text: str
) -> None:
    answer = caller.post("Case", body)
    assert answer.status == 500
    assert kind in answer.json["error"]["innererror"]["type"]
    assert text in answer.inner
    assert sandbox.cases() == []


def test_a_form_is_no_entity(caller: Caller) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert caller.send("POST", "/0/odata/Case", b"Subject=a", form).status == 415


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", f"Case({GUID})"), ("PATCH", "Case"), ("POST", "")]
)
def test_a_verb_out_of_place_is_405(caller: Caller, method: str, path: str) -> None:
    answer = caller.send(method, f"/0/odata/{path}", {})
    assert answer.status == 405


def test_a_method_override_is_rejected(caller: Caller) -> None:
    override = {"X-HTTP-Method-Override": "PATCH"}
    assert caller.send("POST", f"/0/odata/Case({GUID})", {}, override).status == 405


@pytest.mark.parametrize("path", ["/0/rest/UsrService/Do", "/0/ServiceModel/X.svc/Y", "/0/nothing"])
def test_an_unrouted_service_is_404_without_a_body(caller: Caller, path: str) -> None:
    answer = caller.send("POST", path, {})
    assert (answer.status, answer.body) == (404, b"")
