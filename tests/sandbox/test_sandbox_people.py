"""Several people at one desk: who writes, whose case it is, what hangs on it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from urllib.parse import urlencode
from uuid import uuid4

import pytest

from creatio_sandbox import ids
from creatio_sandbox.failures import Missing
from creatio_sandbox.rights import Rights
from creatio_sandbox.testing import Plan, Sandbox, start
from tests.sandbox.caller import FORM, Caller
from tests.sandbox.visitor import Visitor, words

AGENTS = ("Clara Brandt", "Ben Osei")


@pytest.fixture(scope="module")
def office() -> Iterator[Sandbox]:
    with start(Plan(agents=AGENTS)) as sandbox:
        yield sandbox


@pytest.fixture
def place(office: Sandbox) -> Iterator[Sandbox]:
    yield office
    office.reset()


@pytest.fixture
def case(place: Sandbox) -> str:
    contact = place.create("Contact", {"Name": "Ines Costa", "Email": "ines@customer.example"})
    return place.create("Case", {"Subject": "Rear brake squeals", "ContactId": contact})


Seat = Callable[[str], Visitor]


@pytest.fixture
def seat(place: Sandbox) -> Iterator[Seat]:
    """Signs somebody in at the desk."""
    with ExitStack() as seats:

        def taken(name: str) -> Visitor:
            caller = Caller(place.url)
            seats.callback(caller.close)
            known = urlencode({"user": name, "password": "Supervisor"}).encode()
            answer = caller.send("POST", "/desk/sign-in", known, FORM)
            assert answer.status == 303, words(answer)
            caller.headers["Cookie"] = answer.cookies[0].split(";")[0]
            return Visitor(caller)

        yield taken


def contact_of(place: Sandbox, name: str) -> str:
    people = place.serving.instance.people
    person = people.named(name)
    assert person is not None
    return person.author.contact


def sent(file: str, content: bytes, **fields: str) -> tuple[bytes, dict[str, str]]:
    """A form as a browser sends it when it holds a file."""
    mark = uuid4().hex
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{file}"\r\n'
    parts.append(f"{head}Content-Type: application/octet-stream\r\n\r\n".encode() + content)
    body = b"".join(parts) + f"\r\n--{mark}--\r\n".encode()
    return body, {"Content-Type": f"multipart/form-data; boundary={mark}"}


def test_each_writes_in_their_own_name(seat: Seat, place: Sandbox, case: str) -> None:
    assert place.people() == ["Supervisor", "Ben Osei", "Clara Brandt"]
    clara, ben = seat("clara brandt"), seat("Ben Osei")
    clara.submit(f"/desk/cases/{case}/entry", {"kind": "task", "text": "The pads are here."})
    ben.submit(f"/desk/cases/{case}/entry", {"kind": "note", "text": "Check the warranty."})
    seen = clara.look(f"/desk/cases/{case}")
    assert "Clara Brandt Task, completed" in seen
    assert "Ben Osei Internal note" in seen
    (task,) = place.case(case)["activities"]
    assert task["OwnerId"] == task["CreatedById"] == contact_of(place, "Clara Brandt")
    place.as_person("Ben Osei").write_email(case, "Hello.")
    assert place.case(case)["activities"][-1]["Sender"] == "ben@sandbox.example"
    with pytest.raises(Missing, match="Dora"):
        place.as_person("Dora")


def test_a_case_is_given_to_a_colleague_who_finds_it_among_theirs(
    seat: Seat, place: Sandbox, case: str
) -> None:
    clara, ben = seat("Clara Brandt"), seat("Ben Osei")
    assert "Unassigned 1" in ben.look("/desk")
    assert "squeals" in ben.look("/desk?whose=nobody")
    clara.submit(f"/desk/cases/{case}/owner", {"owner": contact_of(place, "Ben Osei")})
    assert "My open 1" in ben.look("/desk")
    assert "squeals" in ben.look("/desk?whose=mine")
    assert "No case matches." in clara.look("/desk?whose=mine")
    assert "No case matches." in ben.look("/desk?whose=nobody")
    place.assign(case, None)
    assert "My open 0" in ben.look("/desk")
    place.assign(case, "Ben Osei")
    place.resolve(case)
    assert "My open 0" in ben.look("/desk")
    assert "squeals" in ben.look("/desk?whose=mine&status=all")


def test_a_script_acts_as_one_of_them(place: Sandbox, case: str) -> None:
    caller = Caller(place.url, {"X-Sandbox-Key": place.key})
    told = f"/sandbox/desk/cases/{case}"
    made = caller.send("POST", f"{told}/task?as=Ben%20Osei", {"text": "On it."}).json["id"]
    row = place.row("Activity", made)
    assert row is not None
    assert row["CreatedById"] == contact_of(place, "Ben Osei")
    assert caller.send("POST", f"{told}/owner", {"name": "Clara Brandt"}).status == 204
    listed = caller.send("GET", "/sandbox/desk/cases?owner=Clara%20Brandt").json
    assert [one["owner"] for one in listed] == ["Clara Brandt"]
    assert caller.send("POST", f"{told}/owner", {"name": None}).status == 204
    assert caller.send("GET", "/sandbox/desk/cases?owner=nobody").json[0]["id"] == case
    assert caller.send("POST", f"{told}/note?as=Dora", {"text": "x"}).status == 404
    caller.close()


def test_each_signs_in_by_forms_with_rights_of_their_own(place: Sandbox, case: str) -> None:
    caller = Caller(place.url)
    body = {"UserName": "Clara Brandt", "UserPassword": "Supervisor"}
    answer = caller.send("POST", "/ServiceModel/AuthService.svc/Login", body)
    assert answer.json["Code"] == 0
    pairs = [cookie.split(";")[0] for cookie in answer.cookies]
    csrf = next(each.partition("=")[2] for each in pairs if each.startswith("BPMCSRF="))
    caller.headers |= {"Cookie": "; ".join(pairs), "BPMCSRF": csrf}
    made = caller.post("Activity", {"Title": "by Clara", "CaseId": case}).json
    assert made["CreatedById"] == contact_of(place, "Clara Brandt")
    place.set_rights(Rights(users={"Clara Brandt": {"Activity": frozenset({"read"})}}))
    assert caller.post("Activity", {"Title": "another"}).status == 403
    assert caller.get("Activity?$select=Id").status == 200
    wrong = {"UserName": "Clara Brandt", "UserPassword": "guess"}
    refused = caller.send("POST", "/ServiceModel/AuthService.svc/Login", wrong)
    assert refused.json["Code"] == 1
    caller.close()


def test_files_hang_on_the_case_or_on_the_reply(seat: Seat, place: Sandbox, case: str) -> None:
    clara = seat("Clara Brandt")
    entry = f"/desk/cases/{case}/entry"
    for kind, text in (("file", ""), ("task", "See the drawing.")):
        saved = clara.caller.send("POST", entry, *sent("bräke.pdf", b"%PDF", kind=kind, text=text))
        assert saved.status == 303
    held = {row["entity"]: row for row in place.case(case)["files"]}
    assert held.keys() == {"CaseFile", "ActivityFile"}
    assert held["ActivityFile"]["ActivityId"] == place.case(case)["activities"][0]["Id"]
    seen = clara.look(f"/desk/cases/{case}")
    assert seen.count("bräke.pdf 4 B") == 4  # both on the timeline, and both among the files
    for entity, row in held.items():
        answer = clara.caller.send("GET", f"/desk/files/{entity}/{row['Id']}")
        assert (answer.status, answer.body) == (200, b"%PDF")
        assert answer.headers["content-disposition"].startswith("attachment;")
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert clara.caller.send("GET", f"/desk/files/Contact/{ids.SUPERVISOR}").status == 404


def test_an_entry_without_what_it_is_for_is_asked_for_it(
    seat: Seat, place: Sandbox, case: str
) -> None:
    clara = seat("Clara Brandt")
    entry = f"/desk/cases/{case}/entry"
    for kind, asked in (("task", "There is no text yet."), ("file", "No file is chosen yet.")):
        answer = clara.submit(entry, {"kind": kind, "text": ""})
        assert (answer.status, asked in words(answer)) == (422, True)
    large = sent("film.mov", b"x" * (10 * 1024 * 1024 + 1), kind="task", text="See the film.")
    answer = clara.caller.send("POST", entry, *large)
    assert answer.status == 400
    assert "film.mov is larger than 10 MB" in words(answer)
    assert place.case(case)["activities"] == []  # the reply goes with its file, or not at all


def test_portal_messages_stand_on_the_timeline(seat: Seat, place: Sandbox, case: str) -> None:
    written = {"EntitySchemaUId": ids.CASE_SCHEMA, "EntityId": case}
    place.create("PortalMessage", {**written, "Message": "<p>Any news?</p>", "FromPortal": True})
    place.create("PortalMessage", {**written, "Message": "<p>Psst.</p>", "HideOnPortal": True})
    seen = seat("Supervisor").look(f"/desk/cases/{case}")
    assert "Portal, from the customer" in seen
    assert "Any news?" in seen
    assert "Portal, internal" in seen


@pytest.mark.usefixtures("case")
def test_contacts_are_found_and_lead_to_their_cases(seat: Seat) -> None:
    clara = seat("Clara Brandt")
    assert "Ines Costa ines@customer.example" in clara.look("/desk/contacts?find=INES")
    assert "No contact matches." in clara.look("/desk/contacts?find=dora")
    assert "squeals" in clara.look("/desk?q=Ines+Costa&status=all")


def test_a_seat_is_taken_by_choice_only_at_an_open_desk(seat: Seat, place: Sandbox) -> None:
    ben = contact_of(place, "Ben Osei")
    refused = seat("Clara Brandt").submit("/desk/person", {"contact": ben})
    assert refused.status == 404


def test_they_are_there_again_after_a_restart(tmp_path_factory: pytest.TempPathFactory) -> None:
    data = str(tmp_path_factory.mktemp("office") / "sandbox.db")
    with start(Plan(data=data, agents=AGENTS)) as place:
        clara = contact_of(place, "Clara Brandt")
    with start(Plan(data=data, agents=(*AGENTS, "Eve Lund"))) as place:
        assert contact_of(place, "Clara Brandt") == clara
        place.reset()
        assert place.people() == ["Supervisor", "Ben Osei", "Clara Brandt", "Eve Lund"]
