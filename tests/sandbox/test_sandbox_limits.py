"""Limits of calls, maintenance, a rebuilt model, a jumping clock, stopped processes; the page."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from creatio_sandbox import ids
from creatio_sandbox.clock import Clock
from creatio_sandbox.faults import Faults, read_spec
from creatio_sandbox.faults_form import GROUPS
from creatio_sandbox.limits import Meter
from creatio_sandbox.testing import Sandbox
from tests.sandbox.caller import FORM, Caller, Reply
from tests.sandbox.clocks import to_noon

READ = "Case?$select=Id"


def test_a_days_calls_are_counted_per_user_until_midnight() -> None:
    now = [datetime(2026, 3, 4, 23, 58, tzinfo=UTC)]
    meter, clock = Meter(), Clock(lambda: now[0])

    def wait(user: str) -> str | None:
        refusal = meter.refusal(user, clock, daily=2, per_second=0)
        return None if refusal is None else refusal.headers["Retry-After"]

    assert [wait("a"), wait("a"), wait("a"), wait("b")] == [None, None, "120", None]
    now[0] += timedelta(minutes=2)
    assert wait("a") is None


def test_a_seconds_calls_come_back_with_the_next_second() -> None:
    now = [datetime(2026, 3, 4, tzinfo=UTC)]
    meter, clock = Meter(), Clock(lambda: now[0])

    def taken() -> bool:
        return meter.refusal("a", clock, daily=0, per_second=2) is None

    assert [taken(), taken(), taken()] == [True, True, False]
    now[0] += timedelta(seconds=1)
    assert [taken(), taken(), taken()] == [True, True, False]


def test_a_used_up_day_answers_429_and_does_nothing(stranger: Caller, sandbox: Sandbox) -> None:
    sandbox.set_faults(daily_calls=3, clock_offset=to_noon())
    caller = stranger.sign_in(sandbox)
    answers = [caller.post("Case", {"Subject": "a"}) for _ in range(5)]
    assert [answer.status for answer in answers] == [201, 201, 201, 429, 429]
    assert int(answers[-1].headers["retry-after"]) <= 24 * 3600
    assert "3 API calls a day are used up" in answers[-1].json["Message"]
    assert len(sandbox.cases()) == 3
    sandbox.set_faults()
    assert caller.sign_in(sandbox).get(READ).status == 200


def test_too_many_calls_in_a_second_answer_429(caller: Caller, sandbox: Sandbox) -> None:
    sandbox.set_faults(calls_per_second=1)
    answers = [caller.get(READ).status for _ in range(50)]
    assert answers[0] == 200
    assert 429 in answers


def test_maintenance_is_a_page_with_200_whatever_was_asked(
    caller: Caller, sandbox: Sandbox
) -> None:
    sandbox.set_faults(maintenance_for="1h")
    for answer in (
        caller.get(READ),
        caller.post("Case", {"Subject": "a"}),
        caller.send("POST", "/connect/token", b"", FORM),
    ):
        assert answer.status == 200
        assert answer.headers["content-type"].startswith("text/html")
        assert b"Maintenance" in answer.body
    sandbox.set_faults()
    assert sandbox.cases() == []


def test_while_the_model_is_rebuilt_collections_are_not_there(
    caller: Caller, sandbox: Sandbox
) -> None:
    case = sandbox.create("Case", {"Subject": "a"})
    sandbox.set_faults(rebuilding_for="1h")
    gone = caller.get(f"Case({case})?$select=Id")
    assert gone.status == 404
    assert gone.json["MessageDetail"].endswith("the controller named 'Case'.")
    assert caller.post("Case", {"Subject": "b"}).status == 404
    assert caller.get("$metadata").status == 200
    upload = "/0/rest/FileApiService/UploadFile?fileId=x&entitySchemaName=CaseFile"
    said = caller.send("POST", upload, b"x", {"Content-Type": "application/octet-stream"})
    assert (said.status, said.json["success"]) == (200, False)
    assert said.json["errorInfo"]["message"].startswith("Collection was modified")


def test_the_clock_jumps_the_same_way_for_the_same_seed(caller: Caller, sandbox: Sandbox) -> None:
    def jumps(seed: int) -> list[int]:
        sandbox.set_faults(clock_jumps=1, clock_jump="1h", seed=seed)
        made = [caller.post("Case", {"Subject": "a"}).json["CreatedOn"] for _ in range(12)]
        now = datetime.now(UTC)
        return [round((datetime.fromisoformat(at) - now) / timedelta(hours=1)) for at in made]

    first = jumps(1)
    assert set(first) == {-1, 0, 1}
    assert jumps(1) == first
    assert jumps(2) != first
    sandbox.set_faults()
    made = caller.post("Case", {"Subject": "a"}).json["CreatedOn"]
    assert abs(datetime.fromisoformat(made) - datetime.now(UTC)) < timedelta(minutes=1)


def test_stopped_processes_start_neither_ours_nor_the_shipped(
    caller: Caller, sandbox: Sandbox
) -> None:
    sandbox.set_webhook("http://127.0.0.1:9/nobody")
    case = sandbox.create("Case", {"Subject": "a"})
    sandbox.resolve(case)
    sandbox.wait_until_idle()
    before = len(sandbox.log())
    sandbox.set_faults(processes_stopped=True)
    sandbox.receive_email(case, "It squeals again.")
    sandbox.write_task(case, "We look into it.")
    assert len(sandbox.log()) == before
    assert sandbox.case(case)["case"]["StatusId"] == ids.STATUS["Resolved"]
    sandbox.set_faults()
    sandbox.receive_email(case, "Still.")
    sandbox.wait_until_idle()
    assert sandbox.case(case)["case"]["StatusId"] == ids.STATUS["Reopened"]
    assert len(sandbox.log()) > before
    assert caller.get(READ).status == 200


def test_the_command_line_knows_them() -> None:
    spec = "daily_calls=10000,calls_per_second=5,maintenance_for=20s,rebuilding_for=2m"
    faults = read_spec(f"{spec},clock_jumps=0.1,clock_jump=1m,processes_stopped=on")
    assert (faults.daily_calls, faults.calls_per_second) == (10_000, 5)
    assert (faults.maintenance_for_s, faults.rebuilding_for_s) == (20, 120)
    assert (faults.clock_jumps, faults.clock_jump_s) == (0.1, 60)
    assert faults.processes_stopped


# --- the page -------------------------------------------------------------------------------------


PAGE = "/desk/faults"


def page(stranger: Caller, form: dict[str, str] | None = None, **headers: str) -> Reply:
    """As the desk's user."""
    if "Cookie" not in stranger.headers:
        known = urlencode({"user": "Supervisor", "password": "Supervisor"}).encode()
        answer = stranger.send("POST", "/desk/sign-in", known, FORM)
        stranger.headers["Cookie"] = answer.cookies[0].split(";")[0]
    if form is None:
        return stranger.send("GET", PAGE)
    return stranger.send("POST", PAGE, urlencode(form).encode(), {**FORM, **headers})


def test_the_page_offers_every_fault_there_is(stranger: Caller) -> None:
    offered = [name for labels in GROUPS.values() for name in labels]
    assert sorted(offered) == sorted(Faults.__struct_fields__)
    text = page(stranger).body.decode()
    assert all(f'name="{name}"' in text for name in offered)
    assert "Sandbox, not Creatio." in text
    assert "Faults: none on." in text
    known = stranger.send("GET", "/sandbox/faults/page")
    assert (known.status, known.headers["location"]) == (303, PAGE)
    del stranger.headers["Cookie"]
    away = stranger.send("GET", PAGE)
    assert (away.status, away.headers["location"].startswith("/desk/sign-in")) == (303, True)


def test_what_is_saved_on_the_page_strikes_and_is_shown(
    stranger: Caller, caller: Caller, sandbox: Sandbox
) -> None:
    saved = page(stranger, {"throttled": "1", "retry_after_s": "7", "strict_csrf": "on"})
    assert (saved.status, saved.headers["location"]) == (303, PAGE)
    assert caller.get(READ).headers["retry-after"] == "7"
    text = page(stranger).body.decode()
    assert 'name="throttled" value="1"' in text
    assert 'name="strict_csrf" value="on" checked' in text
    assert page(stranger, {}).status == 303
    assert caller.get(READ).status == 200
    assert sandbox.serving.instance.weather.faults == Faults()


@pytest.mark.parametrize("value", ["often", "2", "-1"])
def test_a_value_that_cannot_be_changes_nothing_and_stays_in_its_field(
    stranger: Caller, sandbox: Sandbox, value: str
) -> None:
    refused = page(stranger, {"errors": value})
    assert refused.status == 400
    assert "Nothing was changed." in refused.body.decode()
    assert f'name="errors" value="{value}"' in refused.body.decode()
    assert sandbox.serving.instance.weather.faults == Faults()


def test_another_sites_form_is_refused(stranger: Caller, sandbox: Sandbox) -> None:
    refused = page(stranger, {"errors": "1"}, **{"Sec-Fetch-Site": "cross-site"})
    assert refused.status == 403
    assert sandbox.serving.instance.weather.faults == Faults()
