"""The chat widget's own checks: its types, and its parts without a browser."""

import os
import subprocess
from pathlib import Path

import pytest

from build_frontend import npm_command

WIDGET = Path(__file__).resolve().parents[2] / "widget"
PATIENCE_SECONDS = 120


@pytest.mark.parametrize("script", ["check", "test"])
def test_the_widgets_own_scripts_find_nothing(script: str) -> None:
    npm, environment = npm_command()
    done = subprocess.run(
        [*npm, "run", script],
        cwd=WIDGET,
        env={**os.environ, **environment, "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
