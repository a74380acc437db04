"""The program as one starts it: its line of JSON, its exit codes, its end."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

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
            started = time.monotonic()
            program.send_signal(ending)
            assert program.wait(10) == 0
            assert time.monotonic() - started < 2.5
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


def ended(*options: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command(*options), capture_output=True, text=True, timeout=60, check=False
    )


def test_help_names_every_option() -> None:
    told = ended("--help")
    assert told.returncode == 0
    for option in ("--port", "--data", "--webhook-url", "--fault", "--allow-webhooks-to", "--json"):
        assert option in told.stdout


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--fault", "rain=1"), "There is no fault 'rain'"),
        (("--allow-webhooks-to", "everywhere"), "everywhere"),
        (("--platform", "java"), "invalid choice"),
        (("--nonsense",), "unrecognized arguments"),
    ],
)
def test_wrong_usage_is_2(options: tuple[str, ...], word: str) -> None:
    told = ended(*options)
    assert (told.returncode, told.stdout) == (2, "")
    assert word in told.stderr


def test_a_taken_port_is_1_and_says_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        told = ended("--port", str(taken.getsockname()[1]))
    assert told.returncode == 1
    assert "Take another --port" in told.stderr
