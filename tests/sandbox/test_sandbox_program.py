"""The program as one starts it: its line of JSON, its exit codes, its end."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from creatio_sandbox.cli import run
from tests.sandbox.caller import Caller


def command(*options: str) -> list[str]:
    return [sys.executable, "-m", "creatio_sandbox", *options]


@contextmanager
def running(*options: str) -> Iterator[tuple["subprocess.Popen[str]", dict[str, Any]]]:
    with subprocess.Popen(
        command("--json", *options), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as program:
        try:
            assert program.stdout is not None
            yield program, json.loads(program.stdout.readline())
        finally:
            program.kill()


def signed_in(address: dict[str, Any]) -> Caller:
    caller = Caller(address["url"])
    form = (
        f"client_id={address['client_id']}&client_secret={address['client_secret']}"
        "&grant_type=client_credentials"
    )
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    token = caller.send("POST", "/connect/token", form.encode(), kind).json["access_token"]
    caller.headers["Authorization"] = f"Bearer {token}"
    return caller


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_and_ends_at_once_when_told(ending: signal.Signals) -> None:
    options = ("--client-id", "me", "--client-secret", "mine", "--desk-open")
    with running(*options) as (program, address):
        assert address.keys() == {
            "url", "port", "user", "password", "client_id", "client_secret", "desk_url",
            "identity_url",
        }  # fmt: skip
        assert address["url"] == f"http://127.0.0.1:{address['port']}"
        assert (address["client_id"], address["client_secret"]) == ("me", "mine")
        assert address["desk_url"] == f"{address['url']}/desk"
        caller = signed_in(address)
        assert caller.get("Case?$select=Id").rows == []
        place = ("127.0.0.1", address["port"])
        with socket.create_connection(place) as page, socket.create_connection(place) as half_sent:
            page.sendall(b"GET /desk/stream HTTP/1.1\r\nHost: x\r\n\r\n")
            assert page.recv(15) == b"HTTP/1.1 200 OK"
            half_sent.sendall(
                b"POST /0/odata/Case HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"
            )
            program.send_signal(ending)  # neither the page nor the half call is waited for
            assert program.wait(30) == 0
        caller.close()


def test_a_file_keeps_everything_even_when_killed(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path / "sandbox.db"))
    with running(*data, "--seed-cases", "3") as (program, address):
        caller = signed_in(address)
        made = caller.post("Case", {"Subject": "kept"}).json
        program.kill()
        program.wait(10)
        caller.close()
    with running(*data, "--seed-cases", "3", "--webhook-url", "http://127.0.0.1:9/") as (_, again):
        assert again["client_secret"] == address["client_secret"]
        caller = signed_in(again)
        assert caller.get(f"Case({made['Id']})?$select=Subject").json["Subject"] == "kept"
        assert caller.get("Case/$count").body == b"4"
        assert caller.post("Case", {"Subject": "next"}).json["Number"] == "SR00000005"
        caller.close()


def test_the_options_reach_the_sandbox(tmp_path: Path) -> None:
    options = (
        "--platform", "core", "--user", "Clara", "--password", "pass", "--token-acts-as-user",
        "--fault", "latency=1ms,seed=3", "--desk-open", "--seed-cases", "2",
        "--data", str(tmp_path / "x.db"), "--allow-webhooks-to", "10.0.0.0/8",
    )  # fmt: skip
    with running(*options) as (_, address):
        caller = signed_in(address)
        assert caller.get("Case").status == 404
        caller.root = "/odata"
        assert len(caller.get("Case?$select=Id").rows) == 2
        assert caller.send("GET", "/desk").status == 200
        key = {"X-Sandbox-Key": address["client_secret"]}
        assert caller.send("GET", "/sandbox/faults", headers=key).json["seed"] == 3
        assert (address["user"], address["password"]) == ("Clara", "pass")
        caller.close()


def ended(told: pytest.CaptureFixture[str], *options: str) -> tuple[int, str, str]:
    """The exit code, and what was said on both streams."""
    code = run(options)
    said = told.readouterr()
    return code, said.out, said.err


def test_help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = ended(capsys, "--help")
    assert code == 0
    for option in ("--port", "--data", "--webhook-url", "--fault", "--allow-webhooks-to", "--json"):
        assert option in out


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--fault", "rain=1"), "There is no fault 'rain'"),
        (("--allow-webhooks-to", "everywhere"), "everywhere"),
        (("--platform", "java"), "invalid choice"),
        (("--nonsense",), "unrecognized arguments"),
    ],
)
def test_wrong_usage_is_2(
    capsys: pytest.CaptureFixture[str], options: tuple[str, ...], word: str
) -> None:
    code, out, err = ended(capsys, *options)
    assert (code, out) == (2, "")
    assert word in err


@pytest.mark.parametrize("option", ["--port", "--identity-port"])
def test_a_taken_port_is_1_and_says_what_to_do(
    capsys: pytest.CaptureFixture[str], option: str
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, _, err = ended(capsys, option, str(taken.getsockname()[1]))
    assert code == 1
    assert f"Take another {option}" in err


def test_the_programs_exit_code_is_the_commands() -> None:
    told = subprocess.run(command("--nonsense"), capture_output=True, timeout=60, check=False)
    assert told.returncode == 2
