"""The designer by its forms alone: what is drawn, what is wrong with it, what mends it."""

import html
import re
from collections.abc import Iterator, Mapping

import pytest

from creatio_sandbox import ids
from creatio_sandbox.elements import CallWebService, Condition, ExclusiveGateway, ReadData, Source
from creatio_sandbox.processes import FilterRow, Process
from creatio_sandbox.shortform import WebServiceCall
from creatio_sandbox.testing import Plan, Sandbox, start
from tests.sandbox.caller import Caller, Reply
from tests.sandbox.drawings import RECORD, caseway, drawn, end, gateway, new_reply, read, tell
from tests.sandbox.visitor import Visitor, words

SUCCESS = Source(element="e2", column="Success")
CASE = Source(element="e1", column="CaseId")


@pytest.fixture(scope="module")
def place() -> Iterator[Sandbox]:
    with start(Plan(desk_open=True)) as sandbox:
        yield sandbox


@pytest.fixture
def visitor(place: Sandbox) -> Iterator[Visitor]:
    place.keep_service(caseway("http://127.0.0.1:9/hook"))
    caller = Caller(place.url)
    yield Visitor(caller)
    caller.close()
    place.reset()


class Drawing:
    """One process in the designer; each deed sends what its page holds for the chosen element."""

    def __init__(self, visitor: Visitor, place: Sandbox, process: Process) -> None:
        self.visitor, self.place = visitor, place
        self.id = place.keep_process(process).id
        self.at = f"/desk/processes/{self.id}/design"

    @property
    def draft(self) -> Process:
        """As it would be saved now."""
        self.do("save", {})
        return next(each for each in self.place.processes() if each.id == self.id)

    def do(self, deed: str, fields: Mapping[str, object], chosen: str = "") -> Reply:
        head: dict[str, object] = {"do": deed, "name": "p", "settings": chosen, "active": "on"}
        return self.visitor.submit(self.at, {**head, **fields})

    def problems(self) -> list[tuple[str, str]]:
        """Each text with the words of its button."""
        page = self.visitor.caller.send("GET", self.at).body.decode()
        rows = re.findall(r"<li><span class=\"st amber\">.*?</li>", page, re.DOTALL)
        return [
            (
                html.unescape(re.findall(r"</span><span>(.*?)</span>", row, re.DOTALL)[0]),
                html.unescape("".join(re.findall(r'value="mend:\d+">(.*?)<', row))),
            )
            for row in rows
        ]


SIGNAL: dict[str, object] = {"object": "Activity", "event": ["added"]}


def test_a_new_process_waits_for_its_title(visitor: Visitor, place: Sandbox) -> None:
    at = visitor.submit("/desk/processes").headers["location"]
    assert "Never saved" in visitor.look("/desk/processes")
    refused = visitor.submit(at, {"do": "save", "settings": "start", **SIGNAL})
    assert (refused.status, "no title yet" in words(refused)) == (422, True)
    assert place.processes() == []
    visitor.submit(at, {"do": "save", "settings": "start", "name": "Mine", **SIGNAL})
    assert [(each.name, each.active) for each in place.processes()] == [("Mine", False)]


def test_filter_rows_are_read_with_their_values(visitor: Visitor, place: Sandbox) -> None:
    drawing = Drawing(visitor, place, drawn(end(), filters=[]))
    rows = {
        "f0.column": "type",
        "f0.operator": "eq",
        "f0.value": [ids.TASK, ids.EMAIL],
        "f1.column": "Case.Status/IsFinal",
        "f1.operator": "eq",
        "f1.value": "1",
        "f2.join": "or",
        "f2.column": "Detailed result",
        "f2.operator": "contains",
        "f2.value": "pads",
        "f3.column": "Owner",
        "f3.operator": "empty",
    }
    drawing.do(
        "apply", {**SIGNAL, "event": ["added", "modified"], "expect": ["StatusId"], **rows}, "start"
    )
    process = drawing.draft
    assert process.events == ["added", "modified"]
    assert process.columns == ["StatusId"]
    assert process.filters == [
        FilterRow("TypeId", "eq", [ids.TASK, ids.EMAIL]),
        FilterRow(
            any=[
                FilterRow("Case/Status/IsFinal", "eq", 1),
                FilterRow("DetailedResult", "contains", "pads"),
            ]
        ),
        FilterRow("OwnerId", "empty"),
    ]
    drawing.do("drop:1", {**SIGNAL, **rows}, "start")
    assert [row.column for row in drawing.draft.filters] == ["TypeId", "DetailedResult", "OwnerId"]


def test_a_column_that_is_not_there_is_said_with_the_nearest(
    visitor: Visitor, place: Sandbox
) -> None:
    drawing = Drawing(visitor, place, drawn(end()))
    refused = drawing.do("apply", {**SIGNAL, "f0.column": "Detaild result"}, "start")
    assert refused.status == 422
    assert "Did you mean “Detailed result”?" in words(refused)


def test_elements_are_added_after_the_chosen_one_moved_and_removed(
    visitor: Visitor, place: Sandbox
) -> None:
    drawing = Drawing(visitor, place, drawn(end()))

    def titles() -> list[str]:
        return [each.title for each in drawing.draft.elements]

    added = drawing.do("add:read_data", SIGNAL, "start").headers["location"]
    first = added.rpartition("=")[2]
    drawing.do("add:call_web_service", {"title": "Look it up", "entity": "Case"}, first)
    assert titles() == ["Look it up", "Call web service 1", "Terminate"]
    drawing.do("down", {"title": "Look it up"}, first)
    assert titles() == ["Call web service 1", "Look it up", "Terminate"]
    drawing.do("down", {"title": "Look it up"}, first)
    assert titles() == ["Call web service 1", "Look it up", "Terminate"]
    drawing.do("remove", {}, first)
    assert titles() == ["Call web service 1", "Terminate"]
    drawing.do("add:read_data", {}, "e99")
    assert titles() == ["Call web service 1", "Read data 1", "Terminate"]


def test_a_gateway_takes_what_followed_along_its_first_flow(
    visitor: Visitor, place: Sandbox
) -> None:
    drawing = Drawing(visitor, place, drawn(read(), tell("first", CASE), end()))
    drawing.do("add:exclusive_gateway", {"title": "Tell"}, "e2")
    divided = drawing.draft.elements[-1]
    assert isinstance(divided, ExclusiveGateway)
    first, otherwise = divided.flows
    assert (first.condition, otherwise.default) == (Condition(SUCCESS, "eq", "true"), True)
    assert first.elements == [end()]
    third = drawing.do("flow", {}, divided.id).headers["location"].rpartition("=")[2]
    fields: dict[str, object] = {"left.from": "e2.StatusCode", "operator": "gt", "right": "499"}
    drawing.do("apply", {"title": "Theirs", **fields}, third)
    divided = drawing.draft.elements[-1]
    assert isinstance(divided, ExclusiveGateway)
    assert [flow.title for flow in divided.flows] == ["Answered", "Theirs", "Otherwise"]
    assert divided.flows[1].condition == Condition(
        Source(element="e2", column="StatusCode"), "gt", "499"
    )
    drawing.do("remove", {}, divided.id)
    assert [each.id for each in drawing.draft.elements] == ["e1", "e2", "e99"]


def test_a_call_takes_its_values_from_the_lists(visitor: Visitor, place: Sandbox) -> None:
    drawing = Drawing(visitor, place, drawn(read(), CallWebService("e2", "Call"), end()))
    drawing.do("apply", {"title": "Call", "form": "service", "service": "UsrCaseway"}, "e2")
    fields = {
        "title": "Tell Caseway",
        "form": "service",
        "service": "UsrCaseway",
        "method": "SendEvent",
        "m.event_type.from": "constant",
        "m.event_type.constant": "new_activity",
        "m.caseId.from": "e1.CaseId",
    }
    drawing.do("apply", fields, "e2")
    call = drawing.draft.elements[1]
    assert isinstance(call, CallWebService)
    assert (call.service, call.method, call.title) == ("UsrCaseway", "SendEvent", "Tell Caseway")
    assert call.parameters == {"event_type": Source(value="new_activity"), "caseId": CASE}
    assert drawing.problems() == []


def test_read_data_changes_its_object(visitor: Visitor, place: Sandbox) -> None:
    drawing = Drawing(visitor, place, drawn(read(), end()))
    picked: dict[str, object] = {"title": "Read data 1", "by.from": "start.Id"}
    drawing.do("apply", {**picked, "entity": "Activity", "read": ["CaseId", "Title"]}, "e1")
    element = drawing.draft.elements[0]
    assert isinstance(element, ReadData)
    assert element.columns == ["CaseId", "Title"]
    drawing.do("apply", {**picked, "entity": "Contact", "read": ["CaseId"]}, "e1")
    element = drawing.draft.elements[0]
    assert isinstance(element, ReadData)
    assert (element.entity, element.columns) == ("Contact", [])


@pytest.mark.parametrize(
    ("process", "said", "button"),
    [
        (
            drawn(tell("a", RECORD), filters=[]),
            "The signal also fires for activities without a case.",
            "Add this row",
        ),
        (
            drawn(tell("a", RECORD), events=["added", "modified"]),
            "Every save of a record starts this process.",
            "Expect a change of Email send status",
        ),
        (drawn(tell("a", RECORD), events=[]), "waits for no event", "Choose “Record added”"),
        (
            drawn(ReadData("e1", "Read", "Case"), tell("a", RECORD)),
            "does not say which record",
            "Read the signal's record",
        ),
        (drawn(CallWebService("e2", "Call")), "calls no web service", "Call Caseway"),
        (drawn(CallWebService("e2", "Call", "UsrCaseway")), "no method", "Call SendEvent"),
        (
            drawn(read(), tell("a", Source())),
            "sends nothing as caseId",
            "Use [#Read data 1.First item.Case#]",
        ),
        (
            drawn(read("Title"), tell("a", CASE)),
            "which does not read it",
            "Read this column too",
        ),
        (
            drawn(read(), tell("a", CASE), gateway(Condition(SUCCESS), [end()], None)),
            "has no default flow",
            "Add a default flow",
        ),
        (
            drawn(read(), tell("a", CASE), gateway(Condition(), [end()], [end()])),
            "has no condition, so it is never taken",
            "Remove it",
        ),
    ],
)
def test_a_problem_is_said_and_its_button_mends_it(
    visitor: Visitor, place: Sandbox, process: Process, said: str, button: str
) -> None:
    drawing = Drawing(visitor, place, process)
    found = drawing.problems()
    (number,) = [n for n, (text, _) in enumerate(found) if said in text]
    assert found[number][1] == button
    drawing.do(f"mend:{number}", {})
    assert not [text for text, _ in drawing.problems() if said in text]


def short(body: str, url: str = "http://127.0.0.1:9/") -> Process:
    return drawn(CallWebService("e2", "Call", short=WebServiceCall(url=url, body=body)))


@pytest.mark.parametrize(
    ("process", "said"),
    [
        (short("{}", "127.0.0.1"), "the URL begins with http:// or https://"),
        (short('{"a": }'), "the body is not JSON"),
        (short('{"a": "[#Kase.Id#]"}'), "[#Kase.Id#] names nothing here"),
        (drawn(tell("a", CASE)), "from an element that does not run before it"),
        (drawn(end()), "Nothing happens after the signal."),
        (drawn(tell("a", RECORD), filters=[FilterRow("CaseId", "eq", [])]), "“Case” has no value"),
    ],
)
def test_a_problem_without_a_button(
    visitor: Visitor, place: Sandbox, process: Process, said: str
) -> None:
    found = Drawing(visitor, place, process).problems()
    assert [button for text, button in found if said in text] == [""]


def test_a_good_drawing_has_no_problem(visitor: Visitor, place: Sandbox) -> None:
    marks = '{"case": "[#Case.Id#]", "by": "[#Activity.Owner.Name#]", "id": "[#Signal.Record id#]"}'
    for process in (new_reply(), short(marks)):
        assert Drawing(visitor, place, process).problems() == []


def test_what_is_drawn_runs_only_when_it_is_saved(visitor: Visitor, place: Sandbox) -> None:
    drawing = Drawing(visitor, place, new_reply())
    drawing.do("remove", {"name": "Caseway: new reply"}, "e2")
    assert "Unsaved changes" in visitor.look(drawing.at)
    assert "unsaved changes" in visitor.look("/desk/processes")
    assert len(place.processes()[0].elements) == 3
    drawing.do("discard", {})
    assert "Unsaved changes" not in visitor.look(drawing.at)
    drawing.do("remove", {}, "e2")
    drawing.do("save", {})
    assert (place.processes()[0].version, len(place.processes()[0].elements)) == (2, 2)
    drawing.do("version:1", {})
    drawing.do("save", {})
    assert (place.processes()[0].version, len(place.processes()[0].elements)) == (3, 3)


def test_the_processes_of_the_webhook_open_as_the_short_form(
    visitor: Visitor, place: Sandbox
) -> None:
    place.set_webhook("http://127.0.0.1:9/hook")
    for process, mark in zip(place.processes(), ("[#Case.Id#]", "[#Case.Id#]"), strict=True):
        at = f"/desk/processes/{process.id}/design?element=e1"
        page = visitor.caller.send("GET", at).body.decode()
        assert f"&#34;caseId&#34;: &#34;{mark}&#34;" in page
        assert "Problems 0" in visitor.look(at)
