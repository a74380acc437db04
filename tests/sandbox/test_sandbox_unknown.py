"""Whatever is not known here is refused by name: with the real server's error, or with a 501."""

import re
from urllib.parse import quote

import pytest

from creatio_sandbox.testing import Sandbox
from tests.sandbox.caller import Caller

GUID = "f063ebbe-fdc6-4982-8431-d8cfa52fedcf"
OPTIONS = (
    "$apply=aggregate($count as n)", "$compute=1 as b", "$deltatoken=1", "$expand=", "$expand=*",
    "$expand=Status($compute=1 as b)", "$expand=Status($levels=2)", "$expand=Status($nope=1)",
    "$expand=Status($search=a)", "$expand=Status($skip=1)", "$expand=Status/$ref", "$filter=",
    "$expand=Status/Nope", "$Filter=true", "$format=atom", "$format=xml", "$index=1", "$orderby=",
    "$inlinecount=allpages", "$levels=2", "$nope=1", "$orderby=Status", "$orderby=Subject,",
    "$orderby=tolower(Subject)", "$schemaversion=1", "$search=a", "$select=", "$select=Status/Name",
    "$skip=", "$skip=99999999999999999999", "$skiptoken=1", "$top=", "$top=1.5", "$count=",
    "$top=99999999999999999999", "$top=1&$top=2",
)  # fmt: skip
FUNCTIONS = (
    "cast(Subject,Edm.String) eq 'a'", "fractionalseconds(CreatedOn) eq 0", "nope(Subject)",
    "geo.distance(SolutionRemains,SolutionRemains) lt 1", "isof(Subject,Edm.String)",
    "hassubset(Subject,Subject)", "hassubsequence(Subject,Subject)", "maxdatetime() gt CreatedOn",
    "matchesPattern(Subject,'a')", "mindatetime() lt CreatedOn", "time(CreatedOn) eq 12:00:00",
    "totaloffsetminutes(CreatedOn) eq 0", "totalseconds(duration'P1D') eq 0", "Usr.Nope(Subject)",
)  # fmt: skip
GRAMMAR = (
    "Subject eq 'unclosed", 'Subject eq "a"', "Subject has 'a'", "Subject in ('a','b')",
    "$it/Subject eq 'a'", "Subject eq @p", "Subject eq 'a' xor Subject eq 'b'", "Subject eq 'a';",
    "ActivityCollectionByCase/$count gt 1", "Status eq null", f"Status eq {GUID}", "Subject gt 5",
    f"Id eq {{{GUID}}}", "SolutionRemains eq 5L", "SolutionRemains eq INF", "case(true:1) eq 1",
    "ProcessListeners eq 99999999999999999999", "ProcessListeners div 0 eq 1",
    "CreatedOn gt 2026-02-30T00:00:00Z", "CreatedOn sub CreatedOn gt duration'P1D'",
)  # fmt: skip
PATHS = (
    "$all", "$crossjoin(Case,Contact)", "$entity", "$metadata?$format=json", "$metadata?$nope=1",
    "?$nope=1", "Case('a')", "Case()", "Case(1)", "Case(Id={id})", "Case({id})/$ref", "case",
    "Case({id})/$value", "Case({id})/ActivityCollectionByCase({id})", "Case({id})/Default.Act",
    "Case({id})/Nope", "Case({id})/Status/$ref", "Case({id})/Status/Nope", "Case,Contact",
    "Case({id})/Subject/Nope", "Case({id})/Subject?$select=Id", "Case({id})/Subject?$nope=1",
    "Case({id})?$nope=1", "Case({id})?$top=1", "Case/$count?$nope=1", "Case/$each", "Case/$query",
    "Case/$filter(true)", "Case/Terrasoft.Configuration.OData.Case", "Contact/$metadata",
    "SysSchema",
)  # fmt: skip
BODIES: tuple[tuple[str, str, object], ...] = (
    ("POST", "Case", {"Subject": "b", "ActivityCollectionByCase": [{"Title": "x"}]}),
    ("POST", "Case", {"Subject": "b", "subject": "c"}),
    ("POST", "Case", [{"Subject": "b"}]),
    ("POST", "Case", {"Subject": {"en": "b"}}),
    ("POST", "CaseFile", {"Name": "a.txt", "Data": "aGVsbG8="}),
    ("POST", "Case({id})", {"Subject": "b"}),
    ("POST", "Case({id})/ActivityCollectionByCase", {"Title": "x"}),
    ("POST", "Case({id})/Status/$ref", {"@odata.id": "x"}),
    ("POST", "Case({id})/Default.Act", {}),
    ("POST", "Case/$query", b"$top=1"),
    ("POST", "Nope", {}),
    ("PUT", "Case({id})", {"Subject": "b"}),
    ("PUT", "Case({id})/Subject", {"value": "b"}),
    ("PATCH", "Case({id})", {"Id": GUID}),
    ("PATCH", "Case({id})", {"Nope": 1}),
    ("PATCH", "Case({id})", b""),
    ("PATCH", "Case({id})/Subject", {"value": "b"}),
    ("DELETE", "Case", None),
    ("DELETE", "Case({id})/Subject", None),
    ("DELETE", "Case({id})/Status/$ref", None),
    ("MERGE", "Case({id})", {"Subject": "b"}),
)
SERVICES = (
    "/0/DataService/json/SyncReply/SelectQuery", "/dataservice/json/reply/InsertQuery",
    "/0/ServiceModel/ProcessEngineService.svc/RunProcess", "/0/api/ClientCache/Hashes",
    "/0/ServiceModel/UserInfoService.svc/GetCurrentUserInfo", "/0/ssp/rest/UsrService/Do",
    "/0/ServiceModel/PackageInstallerService.svc/UploadPackage", "/connect/authorize",
    "/0/rest/GridUtilitiesService/DeleteRecords", "/0/rest/FileApiService/Nope",
    "/0/rest/FileService/GetPreview/CaseFile/1", "/ServiceModel/AuthService.svc/Logout",
)  # fmt: skip


@pytest.fixture
def case(sandbox: Sandbox) -> str:
    return sandbox.create("Case", {"Subject": "a"})


def refused(caller: Caller, method: str, path: str, body: object = None) -> int:
    """Its status. What refuses says why, in JSON; only the bare 404 of a record says nothing."""
    answer = caller.send(method, path, body)
    assert answer.status in {400, 403, 404, 405, 500, 501}, (method, path, answer.status)
    told = answer.json
    words = told["error"]["message"] if "error" in told else told["Message"]
    assert words, (method, path)
    if answer.status == 500:
        assert told["error"]["innererror"]["message"], (method, path)  # said, not crashed
    if answer.status == 501:
        assert re.fullmatch("The sandbox does not model this: .+", words), (method, path, words)
    return answer.status


@pytest.mark.usefixtures("case")
def test_every_unknown_option_is_refused(caller: Caller) -> None:
    for option in OPTIONS:
        refused(caller, "GET", f"/0/odata/Case?{option}")


@pytest.mark.usefixtures("case")
def test_every_unknown_function_and_literal_is_refused(caller: Caller) -> None:
    for condition in (*FUNCTIONS, *GRAMMAR):
        refused(caller, "GET", f"/0/odata/Case?$select=Id&$filter={quote(condition)}")


def test_every_unknown_path_is_refused(caller: Caller, case: str) -> None:
    for path in PATHS:
        refused(caller, "GET", f"/0/odata/{path.format(id=case)}")


def test_every_unknown_body_is_refused_and_nothing_is_written(
    caller: Caller, sandbox: Sandbox, case: str
) -> None:
    before = sandbox.case(case)
    for method, path, body in BODIES:
        refused(caller, method, f"/0/odata/{path.format(id=case)}", body)
    assert sandbox.case(case) == before
    assert len(sandbox.cases()) == 1


def test_an_unknown_column_is_refused_of_every_entity(caller: Caller, sandbox: Sandbox) -> None:
    for entity in sandbox.serving.instance.records.known:
        for query in ("$select=UsrNope", "$filter=UsrNope eq 1", "$orderby=UsrNope desc"):
            assert refused(caller, "GET", f"/0/odata/{entity}?{quote(query, safe='$=')}") == 400
        # 403: a view that nobody writes to.
        assert refused(caller, "POST", f"/0/odata/{entity}", {"UsrNope": 1}) in {400, 403}


def test_what_a_lookup_points_to_and_is_not_there_is_501(caller: Caller, sandbox: Sandbox) -> None:
    known = sandbox.serving.instance.records.known
    strange = [
        (entity.name, name)
        for entity in known.values()
        for name, column in entity.navigations.items()
        if column.target not in known
    ]
    assert len(strange) > 20
    for entity, lookup in strange:
        for query in (f"$expand={lookup}", f"$filter={lookup}/Name eq 'a'"):
            path = f"/0/odata/{entity}?$top=1&{quote(query, safe='$=')}"
            assert refused(caller, "GET", path) == 501, path


@pytest.mark.parametrize("path", SERVICES)
def test_a_service_of_the_real_one_that_is_not_here_says_so(caller: Caller, path: str) -> None:
    assert refused(caller, "POST", path, {}) == 501


def test_a_reference_within_a_batch_says_so(caller: Caller) -> None:
    parts = [
        {"id": "1", "method": "POST", "url": "Case", "body": {"Subject": "a"}},
        {"id": "2", "method": "PATCH", "url": "$1", "body": {"Subject": "b"}},
    ]
    _, second = caller.post("$batch", {"requests": parts}).json["responses"]
    assert second["status"] == 501


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "word"),
    [
        ("GET", "log?limit=few", None, 400, "few"),
        ("GET", "desk/cases?limit=-1", None, 400, "-1"),
        ("GET", "desk/cases?status=Nope", None, 404, "Nope"),
        ("GET", "desk/cases?owner=Dora", None, 404, "Dora"),
        ("PUT", "faults", {"rain": 1}, 400, "rain"),
        ("PUT", "rights", {"users": {"Dora": {}}}, 400, "Dora"),
        ("PUT", "webhook", {"address": "x"}, 400, "address"),
        ("POST", "processes", {"nope": 1}, 400, "nope"),
        ("POST", "import", {"nope": 1}, 400, "nope"),
        ("POST", "desk/cases/{id}/task", {"text": "a", "nope": 1}, 400, "nope"),
        ("POST", "desk/cases/{id}/status", {"status": "Nope"}, 404, "Nope"),
        ("POST", "desk/records/Nope", {}, 404, "Nope"),
        ("PATCH", "desk/records/Case/{id}", {"Nope": 1}, 400, "Nope"),
    ],
)
def test_the_sandboxs_own_calls_name_what_they_do_not_know(
    stranger: Caller,
    sandbox: Sandbox,
    case: str,
    method: str,
    path: str,
    body: object,
    status: int,
    word: str,
) -> None:
    key = {"X-Sandbox-Key": sandbox.key}
    answer = stranger.send(method, f"/sandbox/{path.format(id=case)}", body, key)
    assert answer.status == status
    assert word in answer.json["error"]
