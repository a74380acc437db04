"""The one door: it explains itself, and it explains itself to an old Python too."""

import ast
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEV = ROOT / "dev"


def dev(*args: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(DEV), *args]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def verbs() -> set[str]:
    """The keys of the table of verbs, read from the source."""
    for node in ast.parse(DEV.read_text()).body:
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "VERBS":
            return set(ast.literal_eval(ast.Tuple(node.value.keys, ast.Load())))  # type: ignore[union-attr]  # a literal dict of literal keys
    raise AssertionError


def test_help_names_every_verb_and_no_other() -> None:
    answer = dev("help")
    assert answer.returncode == 0
    assert set(re.findall(r"^  \./dev (\w+)", answer.stdout, re.MULTILINE)) == verbs()


def test_an_unknown_verb_is_wrong_usage_and_shows_the_known_ones() -> None:
    answer = dev("tset")
    assert answer.returncode == 2
    assert not answer.stdout
    assert "no verb 'tset'" in answer.stderr
    assert "./dev test" in answer.stderr


def test_an_old_python_can_read_far_enough_to_say_that_it_is_too_old() -> None:
    ast.parse(DEV.read_text(), feature_version=(3, 8))


def test_continuous_integration_runs_what_a_contributor_runs() -> None:
    lines = (ROOT / ".ci/run").read_text().splitlines()
    commands = [line for line in lines if line and not line.startswith(("#", "set ", "cd "))]
    assert commands == ["exec ./dev test </dev/null"]
