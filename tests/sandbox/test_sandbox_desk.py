"""The desk's pages over plain HTTP: they must work without a script."""

import re
from collections.abc import Iterator, Mapping
from html import unescape
from urllib.parse import urlencode

import pytest

from creatio_sandbox import ids
from creatio_sandbox.desk.plain import plain
from creatio_sandbox.testing import Plan, Sandbox, start
from tests.sandbox.caller import FORM, Caller, Reply


class Person:
    """Follows links and sends forms."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.origin = {"Sec-Fetch-Site": "same-origin"}

    def look(self, path: str) -> Reply:
        return self.caller.send("GET", path)

    def submit(self, path: str, headers: Mapping[str, str] | None = None, **form: str) -> Reply:
        sent = {**FORM, **(self.origin if headers is None else headers)}
        return self.caller.send("POST", path, urlencode(form).encode(), sent)

    def sign_in(self, password: str = "Supervisor", then: str = "/desk") -> Reply:
        path = f"/desk/sign-in?{urlencode({'next': then})}"
        answer = self.submit(path, user="supervisor", password=password)
        if answer.cookies:
            self.caller.headers["Cookie"] = answer.cookies[0].split(";")[0]
        return answer


def words(answer: Reply) -> str:
    """What a page says, without its markup."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.body.decode())).split())


@pytest.fixture
def person(stranger: Caller) -> Person:
    return Person(stranger)


@pytest.fixture
def agent(person: Person) -> Person:
    person.sign_in()
    return person


@pytest.fixture
def case(sandbox: Sandbox) -> str:
    contact = sandbox.create("Contact", {"Name": "Ines Costa", "Email": "ines@customer.example"})
    return sandbox.create("Case", {"Subject": "Rear <brake> squeals", "ContactId": contact})


def test_strangers_sign_in_first_and_come_back(person: Person, sandbox: Sandbox, case: str) -> None:
    wanted = f"/desk/cases/{case}?theme=dark"
    sent_away = person.look(wanted)
    assert sent_away.status == 303
    assert "next=%2Fdesk%2Fcases" in sent_away.headers["location"]
    assert person.sign_in("wrong", wanted).status == 401
    assert "not known here" in words(person.sign_in("wrong", wanted))
    back = person.sign_in(then=wanted)
    assert (back.status, back.headers["location"]) == (303, wanted)
    assert "HttpOnly" in back.cookies[0]
    assert person.look(wanted).status == 200
    assert person.submit("/desk/sign-out").status == 303
    assert person.look(wanted).status == 303
    assert sandbox.case(case)["activities"] == []


def test_the_sign_in_leads_nowhere_else(person: Person) -> None:
    assert person.sign_in(then="https://elsewhere.example/desk").headers["location"] == "/desk"


def test_a_task_an_email_and_a_note_stand_on_the_case(
    agent: Person, sandbox: Sandbox, case: str
) -> None:
    entry = f"/desk/cases/{case}/entry"
    for kind in ("task", "email", "note"):
        saved = agent.submit(entry, kind=kind, text=f"written as {kind} & <kept>", to="")
        assert (saved.status, saved.headers["location"]) == (303, f"/desk/cases/{case}")
    agent.submit(entry, kind="task", text="later", later="on")
    whole = sandbox.case(case)
    done, mail, later = whole["activities"]
    assert (done["DetailedResult"], done["Status"]) == ("written as task & <kept>", "Completed")
    assert (mail["Recepient"], mail["EmailSendStatus"]) == ("ines@customer.example", "Sent")
    assert (later["DetailedResult"], later["Status"]) == ("", "Not started")
    assert len(whole["notes"]) == 1
    page = agent.look(f"/desk/cases/{case}")
    for kind in ("task", "email", "note"):
        assert f"written as {kind} & <kept>" in words(page)
    assert b"<kept>" not in page.body
    assert b"<brake>" not in page.body


def test_an_entry_without_a_text_is_asked_for(agent: Person, sandbox: Sandbox, case: str) -> None:
    answer = agent.submit(f"/desk/cases/{case}/entry", kind="email", text=" \n ")
    assert answer.status == 422
    assert "There is no text yet." in words(answer)
    assert b'value="email" checked' in answer.body
    assert sandbox.case(case)["activities"] == []


def test_status_and_owner_move(agent: Person, sandbox: Sandbox, case: str) -> None:
    for status, offered in (
        ("In progress", "Resolve"),
        ("Resolved", "Reopen"),
        ("Closed", "Reopen"),
    ):
        assert agent.submit(f"/desk/cases/{case}/status", status=status).status == 303
        assert sandbox.case(case)["case"]["Status"] == status
        assert offered in words(agent.look(f"/desk/cases/{case}"))
    agent.submit(f"/desk/cases/{case}/owner")
    assert sandbox.case(case)["case"]["OwnerId"] == ids.SUPERVISOR
    assert "Owner: Supervisor" in words(agent.look(f"/desk/cases/{case}"))
    assert agent.submit(f"/desk/cases/{case}/owner", owner="nobody").status == 303
    assert sandbox.case(case)["case"]["OwnerId"] == ids.EMPTY
    assert agent.submit(f"/desk/cases/{case}/owner", owner=case).status == 404


def test_the_list_is_searched_and_filtered(agent: Person, sandbox: Sandbox, case: str) -> None:
    closed = sandbox.create("Case", {"Subject": "An old matter"})
    sandbox.close(closed)
    assert "An old matter" not in words(agent.look("/desk"))
    assert "An old matter" in words(agent.look("/desk?status=all"))
    assert "An old matter" in words(agent.look("/desk?status=Closed"))
    found = words(agent.look("/desk?q=costa&status=all"))
    assert "squeals" in found
    assert "An old matter" not in found
    assert "No case matches." in words(agent.look("/desk?q=nobody&status=New"))
    assert sandbox.row("Case", case) is not None


def test_the_banner_never_lies(agent: Person, sandbox: Sandbox) -> None:
    assert "Sandbox, not Creatio. Faults: none on." in words(agent.look("/desk"))
    sandbox.set_faults(errors=0.2, drop_next=3)
    assert "Faults on: errors 20%, drop next 3." in words(agent.look("/desk"))


def test_processes_can_be_switched_and_their_runs_read(
    agent: Person, sandbox: Sandbox, case: str
) -> None:
    assert "No process yet" in words(agent.look("/desk/processes"))
    assert "No process has run." in words(agent.look("/desk/log"))
    sandbox.set_webhook("http://127.0.0.1:9/hook")
    first = sandbox.processes()[0].id
    agent.submit(f"/desk/processes/{first}/active")
    assert [each.active for each in sandbox.processes()] == [False, True]
    sandbox.write_task(case, "nobody is called")
    assert list(sandbox.log()) == []
    agent.submit(f"/desk/processes/{first}/active", active="1")
    sandbox.write_task(case, "somebody is called")
    sandbox.wait_until_idle()
    (run,) = sandbox.log()
    assert "Error" in words(agent.look("/desk/log"))
    page = words(agent.look(f"/desk/log/{run.id}"))
    assert '{"event_type":"new_activity"' in page
    assert "Cannot connect to 127.0.0.1:9" in page
    assert "Error" in words(agent.look(f"/desk/cases/{case}"))
    assert "Webhook: new activity" in words(agent.look("/desk/processes"))


def test_forms_of_other_sites_are_refused(agent: Person, sandbox: Sandbox, case: str) -> None:
    foreign = (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://elsewhere.example"},
    )
    for headers in foreign:
        answer = agent.submit(f"/desk/cases/{case}/status", headers, status="Closed")
        assert answer.status == 403
    own = {"Origin": sandbox.url}
    assert agent.submit(f"/desk/cases/{case}/status", own, status="In progress").status == 303
    assert sandbox.case(case)["case"]["Status"] == "In progress"


@pytest.mark.parametrize("path", ["/desk/cases/none", "/desk/log/none", f"/desk/cases/{ids.TASK}"])
def test_what_is_not_there_says_so(agent: Person, path: str) -> None:
    answer = agent.look(path)
    assert answer.status == 404
    assert "Back to the cases" in words(answer)


def test_pages_may_be_framed_and_load_nothing_from_elsewhere(agent: Person) -> None:
    answer = agent.look("/desk")
    assert "x-frame-options" not in answer.headers
    assert "frame-ancestors" not in answer.headers["content-security-policy"]
    assert answer.headers["content-security-policy"].startswith("default-src 'self'")
    assert not re.search(rb'(?:src|href)="(?:https?:)?//', answer.body)
    for name in ("desk.css", "desk.js"):
        assert agent.look(f"/desk/static/{name}").status == 200


def test_an_open_page_is_told_to_look_again(agent: Person, sandbox: Sandbox, case: str) -> None:
    connection = agent.caller.connection
    connection.request("GET", "/desk/stream", headers=agent.caller.headers)
    stream = connection.getresponse()
    assert stream.headers["Content-Type"].startswith("text/event-stream")
    assert stream.readline() == b"retry: 2000\n"
    sandbox.write_task(case, "one")
    lines = [stream.readline() for _ in range(3)]
    assert b"event: changed\n" in lines
    connection.close()


@pytest.fixture(scope="module")
def open_desk() -> Iterator[Sandbox]:
    with start(Plan(desk_open=True, seed_cases=9)) as sandbox:
        yield sandbox


def test_an_open_desk_asks_for_no_sign_in(open_desk: Sandbox) -> None:
    person = Person(Caller(open_desk.url))
    case = open_desk.cases(status="open")[0]["id"]
    page = person.look(f"/desk/cases/{case}?embed=1")
    assert page.status == 200
    assert "Sandbox, not Creatio." in words(page)
    assert b"<nav" not in page.body
    saved = person.submit(f"/desk/cases/{case}/entry?embed=1", kind="task", text="hi")
    assert saved.headers["location"] == f"/desk/cases/{case}?embed=1"
    assert (
        person.submit(f"/desk/cases/{case}/status", {"Sec-Fetch-Site": "cross-site"}).status == 403
    )
    person.caller.close()


def test_sample_cases_are_the_same_each_time(open_desk: Sandbox) -> None:
    with start(Plan(seed_cases=9)) as again:
        assert [case["id"] for case in again.cases()] == [case["id"] for case in open_desk.cases()]
        assert len({case["status"] for case in again.cases()}) > 2


def test_mail_becomes_plain_text() -> None:
    html = "<style>p{}</style><p>Hello &amp; <b>welcome</b></p><ul><li>one</li></ul>a<br>b"
    assert plain(html) == "Hello & welcome\n- onea\nb"
