"""The pytest plugin, as somebody else's test suite uses it."""

import os
import subprocess
import sys
import time
from pathlib import Path

from creatio_sandbox.testing import Sandbox

CONFTEST = """
import pytest
from creatio_sandbox.testing import Plan

pytest_plugins = ["creatio_sandbox.pytest_plugin"]


@pytest.fixture(scope="session")
def creatio_plan():
    return Plan(client_id="them", seed=1, seed_cases=7)
"""
SUITE = """
import json
import urllib.parse
import urllib.request

import pytest


@pytest.mark.parametrize("turn", range(5))
def test_each_starts_clean(creatio, turn):
    assert len(creatio.cases()) == 7
    assert creatio.create("Case", {"Subject": "mine"})
    creatio.set_faults(errors=1)


def test_the_credentials_sign_in(creatio_url, creatio_credentials):
    grant = {name: creatio_credentials[name] for name in ("client_id", "client_secret")}
    form = urllib.parse.urlencode({**grant, "grant_type": "client_credentials"}).encode()
    with urllib.request.urlopen(f"{creatio_url}/connect/token", form) as answer:
        assert json.load(answer)["token_type"] == "Bearer"
    assert creatio_credentials["client_id"] == "them"
"""


def test_a_stranger_suite_uses_the_plugin(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_suite.py").write_text(SUITE)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")  # its own, whatever lies above it
    # None of the plugins that happen to be installed here: they take a second, and hide mistakes.
    alone = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_suite.py"]
    done = subprocess.run(
        command, cwd=tmp_path, env=alone, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 passed" in done.stdout


def test_a_clean_state_takes_milliseconds(sandbox: Sandbox) -> None:
    def once() -> float:
        sandbox.create("Case", {"Subject": "a"})
        started = time.perf_counter()
        sandbox.reset()
        return time.perf_counter() - started

    assert min(once() for _ in range(20)) < 0.02
    assert sandbox.cases() == []
