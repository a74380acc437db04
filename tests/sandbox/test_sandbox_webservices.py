"""The web services section: what is registered, what is refused, what a test request sends."""

import json
from collections.abc import Iterator

import pytest

from creatio_sandbox.services import FORM, Method, RequestParameter, WebService, request_of
from creatio_sandbox.testing import Plan, Sandbox, start
from tests.sandbox.caller import Caller
from tests.sandbox.drawings import caseway, keep, new_reply
from tests.sandbox.receiver import Receiver
from tests.sandbox.visitor import Visitor, words

HOME = "/desk/web-services"


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


def test_a_service_is_made_and_its_method_after_it(
    visitor: Visitor, place: Sandbox, receiver: Receiver
) -> None:
    assert "None is registered." in visitor.look(HOME)
    made = visitor.submit(
        f"{HOME}/new", {"name": "Caseway", "uri": f" {receiver.url} ", "retries": "3"}
    )
    assert made.headers["location"] == f"{HOME}/UsrCaseway/methods/new"
    method = {
        "name": "Send event",
        "request_type": "POST",
        "content_type": "application/json",
        "timeout_ms": "5000",
        "p0.code": "event_type",
        "p0.default": "new_activity",
        "p1.code": "caseId",
        "p2.code": "",
    }
    saved = visitor.submit(f"{HOME}/UsrCaseway/methods/new", method)
    assert saved.headers["location"] == f"{HOME}/UsrCaseway"
    (service,) = place.services()
    assert (service.code, service.uri, service.retries) == ("UsrCaseway", receiver.url, 3)
    assert service.methods[0].code == "SendEvent"
    assert [p.code for p in service.methods[0].parameters] == ["event_type", "caseId"]
    page = visitor.look(f"{HOME}/UsrCaseway")
    assert f"POST {receiver.url} event_type, caseId 5000 ms" in page
    assert "UsrCaseway" in visitor.look(HOME)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "", "uri": "https://a.example"}, "It has no name yet."),
        ({"name": "A", "uri": "a.example"}, "A web service URI begins with http:// or https://."),
        ({"name": "A", "uri": "https://"}, "A web service URI begins with http:// or https://."),
        ({"name": "A", "uri": "https://a.example/{id}"}, "belong into the address of a method"),
        ({"name": "A", "code": "my hook", "uri": "https://a.example"}, "for example UsrMyHook."),
        ({"name": "A", "uri": "https://a.example", "retries": "many"}, "from 0 to 20."),
    ],
)
def test_what_does_not_fit_is_said_beside_its_field(
    visitor: Visitor, place: Sandbox, fields: dict[str, object], said: str
) -> None:
    refused = visitor.submit(f"{HOME}/new", fields)
    assert refused.status == 422
    assert said in words(refused)
    assert place.services() == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"code": "Look at"}, "A code has letters and digits and no blanks"),
        ({"code": "SendEvent"}, "Caseway has a method SendEvent already."),
        ({"code": "A", "timeout_ms": "0"}, "A whole number from 1 to 600,000."),
        (
            {"code": "A", "request_type": "GET", "p0.code": "id", "p0.place": "body"},
            "A GET method has no body. Send id in the query, or take POST.",
        ),
        ({"code": "A", "p0.code": "id", "p1.code": "id"}, "There are two parameters named id."),
        ({"code": "A", "p0.code": "a b"}, "“a b” has a blank"),
        ({"code": "A", "p0.code": "id", "p0.place": "address"}, "has no {id} to put it into."),
    ],
)
def test_a_method_that_does_not_fit_is_not_saved(
    visitor: Visitor, place: Sandbox, fields: dict[str, object], said: str
) -> None:
    place.keep_service(caseway("http://127.0.0.1:9/hook"))
    refused = visitor.submit(f"{HOME}/UsrCaseway/methods/new", fields)
    assert refused.status == 422
    assert said in words(refused)
    assert len(place.services()[0].methods) == 1


def test_braces_in_an_address_become_parameters(visitor: Visitor, place: Sandbox) -> None:
    place.keep_service(caseway("http://127.0.0.1:9/"))
    visitor.submit(
        f"{HOME}/UsrCaseway/methods/new",
        {"code": "Look", "request_type": "GET", "address": "cases/{id}", "do": "save"},
    )
    look = place.services()[0].method("Look")
    assert look is not None
    assert [(p.code, p.place) for p in look.parameters] == [("id", "address")]


def test_a_test_request_shows_both_sides(
    visitor: Visitor, place: Sandbox, receiver: Receiver
) -> None:
    place.keep_service(caseway(receiver.url, retries=1))
    receiver.answers = [500]
    sent = visitor.submit(
        f"{HOME}/UsrCaseway/methods/SendEvent",
        {
            "do": "test",
            "p0.code": "event_type",
            "p1.code": "caseId",
            "t.event_type": "new_activity",
            "t.caseId": "5a4d",
        },
    )
    page = words(sent)
    assert f"POST {receiver.url} Content-Type: application/json" in page
    assert '{"event_type":"new_activity","caseId":"5a4d"}' in page
    assert '{"status": "accepted"}' in page
    assert receiver.events() == [("new_activity", "5a4d")] * 2
    assert list(place.log()) == []


def test_parameters_go_where_they_belong() -> None:
    method = Method(
        "Put",
        address="cases/{id}/notes",
        request_type="PUT",
        parameters=[
            RequestParameter("id", "address"),
            RequestParameter("since", "query", default="to day"),
            RequestParameter("X-Key", "header", default="k"),
            RequestParameter("count", "body", "Integer"),
            RequestParameter("done", "body", "Boolean", "yes"),
        ],
    )
    service = WebService("UsrA", "A", "http://127.0.0.1/api/", methods=[method])
    sent = request_of(service, method, {"id": "a/b", "count": "7"})
    assert sent.url == "http://127.0.0.1/api/cases/a%2Fb/notes?since=to+day"
    assert dict(sent.headers) == {"X-Key": "k", "Content-Type": "application/json"}
    assert json.loads(sent.body) == {"count": 7, "done": True}
    method.content_type = FORM
    assert request_of(service, method, {"count": 7}).body == b"count=7&done=yes"
    method.request_type = "GET"
    assert request_of(service, method, {}).body == b""


def test_removing_dropping_and_deleting(
    visitor: Visitor, place: Sandbox, receiver: Receiver
) -> None:
    keep(place, receiver.url, new_reply())
    assert "Caseway: new reply" in visitor.look(HOME)
    at = f"{HOME}/UsrCaseway/methods/SendEvent"
    visitor.submit(at, {"p0.code": "event_type", "p1.code": "caseId", "drop": "0"})
    assert [p.code for p in place.services()[0].methods[0].parameters] == ["caseId"]
    exported = visitor.caller.send("GET", f"{HOME}/UsrCaseway/export")
    assert exported.json["services"][0]["code"] == "UsrCaseway"
    visitor.submit(at, {"do": "remove"})
    assert place.services()[0].methods == []
    visitor.submit(f"{HOME}/UsrCaseway/delete")
    assert place.services() == []
    assert visitor.caller.send("GET", f"{HOME}/UsrCaseway").status == 404
