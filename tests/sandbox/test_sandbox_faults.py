"""The weather: what goes wrong on request, and what it leaves behind."""

import http.client
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from creatio_sandbox.faults import BadFault, Faults, Weather, read_faults, read_spec
from creatio_sandbox.testing import Plan, Sandbox, start
from tests.sandbox.caller import Caller
from tests.sandbox.receiver import Receiver, eventually

READ = "Case?$select=Id"


def test_errors_come_in_place_of_the_work(caller: Caller, sandbox: Sandbox) -> None:
    sandbox.set_faults(errors=1)
    assert {caller.post("Case", {"Subject": "a"}).status for _ in range(20)} == {500, 502, 503}
    assert sandbox.cases() == []
    sandbox.set_faults()
    assert caller.get(READ).rows == []


def test_a_call_is_forbidden_without_a_word(caller: Caller, sandbox: Sandbox) -> None:
    sandbox.set_faults(forbidden=1)
    refused = caller.post("Case", {"Subject": "a"})
    assert (refused.status, refused.body) == (403, b"")
    assert sandbox.cases() == []


def test_the_same_seed_gives_the_same_weather(caller: Caller, sandbox: Sandbox) -> None:
    def a_while(seed: int) -> list[int]:
        sandbox.set_faults(errors=0.5, throttled=0.2, seed=seed)
        return [caller.get(READ).status for _ in range(40)]

    first, second = a_while(1), a_while(2)
    assert a_while(1) == first
    assert first != second
    assert 200 in first


def test_an_error_after_the_commit_leaves_the_record(caller: Caller, sandbox: Sandbox) -> None:
    sandbox.set_faults(after_commit=1)
    caller.sign_in(sandbox)
    assert caller.post("Case", {"Subject": "a"}).status == 500
    assert [case["subject"] for case in sandbox.cases()] == ["a"]
    assert caller.get(READ).status == 200


def test_a_lost_answer_leaves_the_record(caller: Caller, sandbox: Sandbox) -> None:
    sandbox.set_faults(answers_lost=1)
    with pytest.raises((http.client.HTTPException, OSError)):
        caller.post("Case", {"Subject": "a"})
    assert [case["subject"] for case in sandbox.cases()] == ["a"]


def test_a_stalled_answer_never_comes_and_the_record_is_there(
    caller: Caller, sandbox: Sandbox
) -> None:
    sandbox.set_faults(stalled=1)
    sent = {**caller.headers, "Content-Type": "application/json"}
    caller.connection.request("POST", "/0/odata/Case", b'{"Subject": "a"}', sent)
    eventually(lambda: [case["subject"] for case in sandbox.cases()] == ["a"])
    caller.connection.sock.settimeout(0.3)
    with pytest.raises(TimeoutError):
        caller.connection.getresponse()
    caller.close()


def test_a_cut_connection_does_nothing(caller: Caller, sandbox: Sandbox) -> None:
    sandbox.set_faults(cut=1)
    for _ in range(3):
        with pytest.raises((http.client.HTTPException, OSError)):
            caller.post("Case", {"Subject": "a"})
    sandbox.set_faults()
    assert caller.get(READ).rows == []


def test_throttling_names_the_time_to_wait(caller: Caller, sandbox: Sandbox) -> None:
    sandbox.set_faults(throttled=1, retry_after="7s")
    answer = caller.post("Case", {"Subject": "a"})
    assert (answer.status, answer.headers["retry-after"]) == (429, "7")
    assert sandbox.cases() == []


def test_latency_comes_before_each_answer(caller: Caller, sandbox: Sandbox) -> None:
    sandbox.set_faults(latency="80ms")
    started = time.perf_counter()
    assert caller.get(READ).status == 200
    assert time.perf_counter() - started >= 0.08


def test_a_rejected_token_stays_rejected(caller: Caller, sandbox: Sandbox) -> None:
    sandbox.set_faults(token_rejected=1)
    assert caller.get(READ).status == 401
    sandbox.set_faults()
    assert caller.get(READ).status == 401
    assert caller.sign_in(sandbox).get(READ).status == 200


def test_while_it_is_down_everything_is_503_but_the_desk(caller: Caller, sandbox: Sandbox) -> None:
    sandbox.set_faults(down_for="1h")
    assert caller.get(READ).status == 503
    assert caller.send("POST", "/connect/token", b"").status == 503
    assert caller.send("GET", "/api/HealthCheck/Ping").status == 503
    assert sandbox.create("Case", {"Subject": "written at the desk"})
    assert caller.send("GET", "/desk/sign-in").status == 200
    sandbox.set_faults(down_for="0.05s")
    eventually(lambda: caller.get(READ).status == 200)


def test_being_down_can_refuse_connections(caller: Caller, sandbox: Sandbox) -> None:
    sandbox.set_faults(down_for="1h", down_refuses=True)
    with pytest.raises((http.client.HTTPException, OSError)):
        caller.get(READ)


def test_a_late_write_is_stamped_before_it_can_be_seen(caller: Caller, sandbox: Sandbox) -> None:
    other = Caller(sandbox.url).sign_in(sandbox)

    def was_overtaken(late_ms: int) -> bool:
        """Whether a row was seen that was stamped later, and this one not yet."""
        sandbox.set_faults(late=1, late_ms=late_ms)
        case, seen = str(uuid4()), []
        with ThreadPoolExecutor(1) as pool:
            writing = pool.submit(caller.post, "Case", {"Id": case, "Subject": "a"})
            while not writing.done():
                sandbox.create("Case", {"Subject": "stamped later, seen earlier"})
                seen.append(stamps())
            made = writing.result()
        answered = datetime.now(UTC)
        stamped = datetime.fromisoformat(made.json["ModifiedOn"])
        assert answered - stamped >= timedelta(milliseconds=late_ms)
        assert stamps()[case] == stamped
        return any(case not in rows and max(rows.values()) > stamped for rows in seen)

    def stamps() -> dict[str, datetime]:
        rows = other.get("Case?$select=Id,ModifiedOn").rows
        return {row["Id"]: datetime.fromisoformat(row["ModifiedOn"]) for row in rows}

    # A machine that is held up may come to look only when there is nothing to see any more.
    assert any(was_overtaken(late_ms) for late_ms in (200, 2_000, 10_000))
    other.close()


def test_an_old_build_swallows_a_change_with_an_unknown_name(
    caller: Caller, sandbox: Sandbox
) -> None:
    case = sandbox.create("Case", {"Subject": "a"})
    sandbox.set_faults(swallow_unknown=True)
    assert caller.patch(f"Case({case})", {"Subject": "b", "UsrNope": 1}).status == 204
    assert sandbox.case(case)["case"]["Subject"] == "a"
    assert caller.post("Case", {"Subject": "b", "UsrNope": 1}).status == 400


def test_a_stale_model_breaks_reads_of_whole_rows(caller: Caller, sandbox: Sandbox) -> None:
    sandbox.create("Case", {"Subject": "a"})
    sandbox.set_faults(whole_rows_broken=True)
    broken = caller.get("Case?$top=1")
    assert broken.status == 500
    assert "is missing the property" in broken.inner
    assert caller.get(READ).status == 200


def test_webhooks_are_dropped_and_the_log_says_so(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.set_webhook(receiver.url)
    case = sandbox.create("Case", {"Subject": "a"})
    sandbox.set_faults(drop_next=2)
    for text in ("one", "two", "three"):
        sandbox.write_task(case, text)
        sandbox.wait_until_idle()
    assert len(receiver.received) == 1
    assert [run.status for run in sandbox.log()] == ["Completed", "Error", "Error"]
    assert "dropped" in sandbox.log()[-1].error


def test_webhooks_are_doubled(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.set_webhook(receiver.url)
    case = sandbox.create("Case", {"Subject": "a"})
    sandbox.set_faults(doubled=1)
    sandbox.write_task(case, "one")
    sandbox.wait_until_idle()
    assert receiver.events() == [("new_activity", case)] * 2


def test_webhooks_are_delayed(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.set_webhook(receiver.url)
    case = sandbox.create("Case", {"Subject": "a"})
    sandbox.set_faults(delayed=1, delayed_ms=150)
    started = time.perf_counter()
    sandbox.write_task(case, "one")
    sandbox.wait_until_idle()
    assert time.perf_counter() - started >= 0.15
    assert receiver.events() == [("new_activity", case)]


def test_webhooks_overtake_each_other(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.set_webhook(receiver.url)
    first, second = (sandbox.create("Case", {"Subject": name}) for name in "ab")
    sandbox.set_faults(reordered=1, delayed_ms="1h")
    sandbox.write_task(first, "held back until another has gone")
    sandbox.set_faults()
    sandbox.write_task(second, "goes at once")
    sandbox.wait_until_idle()
    assert [case for _, case in receiver.events()] == [second, first]


def test_faults_are_read_from_a_line() -> None:
    read = read_spec("errors=0.2,dropped=0.1,latency=50ms,down_for=2m,strict_csrf=on,seed=1")
    assert read == Faults(
        errors=0.2, dropped=0.1, latency_ms=50, down_for_s=120, strict_csrf=True, seed=1
    )
    assert read_spec("") == Faults()
    assert read_faults({"late": 0.5}, onto=read).errors == 0.2


@pytest.mark.parametrize(
    "line", ["rain=0.2", "errors=often", "errors=5s", "latency", "drop_next=x", "cut=2"]
)
def test_an_unknown_fault_is_refused_by_name(line: str) -> None:
    with pytest.raises(BadFault, match=line.split("=", maxsplit=1)[0]):
        read_spec(line)


def test_the_banner_speaks_of_what_is_on() -> None:
    assert Faults(seed=3).switched_on == ()
    faults = Faults(errors=0.25, latency_ms=50, drop_next=2, strict_csrf=True)
    assert faults.switched_on == ("latency 50 ms", "errors 25%", "drop next 2", "strict csrf on")


def test_one_fault_does_not_move_the_dice_of_another() -> None:
    def strikes(*others: str) -> list[bool]:
        weather = Weather(Faults(errors=0.5, cut=0.5, seed=4))
        struck = []
        for _ in range(50):
            for other in others:
                weather.strikes(other)
            struck.append(weather.strikes("errors"))
        return struck

    assert strikes() == strikes("cut") == strikes("cut", "dropped")


def test_a_sandbox_starts_in_the_weather_it_was_given() -> None:
    with start(Plan(faults=Faults(throttled=1))) as sandbox:
        caller = Caller(sandbox.url)
        assert caller.get(READ).status == 429
        sandbox.set_faults()
        assert caller.get(READ).status == 302
        sandbox.reset()
        assert caller.get(READ).status == 429
        caller.close()
