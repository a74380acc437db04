"""One `serve` stays small, and what is seldom needed is loaded when it is needed."""

import subprocess
import sys

import psutil

from tests.acceptance.installation import installed

MOST_BYTES = 150 * 1024 * 1024
SELDOM = (
    "alembic",
    "sqlalchemy",
    "lxml",
    "html_text",
    "phonenumbers",
    "joserfc",
    "odata_query",
)

LOADED = f"""
import sys, caseway.serve, caseway.telemetry
print(*sorted({{name.partition(".")[0] for name in sys.modules}} & {set(SELDOM)!r}))
"""


def test_an_idle_serve_stays_under_150_mib() -> None:
    with installed() as installation:
        process = installation.start("serve")
        installation.wait_until_ready(process)
        assert psutil.Process(process.pid).memory_info().rss < MOST_BYTES
        process.terminate()
        assert process.wait(timeout=30) == 0


def test_what_is_seldom_needed_is_not_loaded_at_start() -> None:
    found = subprocess.run(
        [
            sys.executable,
            "-c",
            LOADED,
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert found.stdout.split() == []
