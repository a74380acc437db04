"""Log lines are facts without secrets; metrics are what the reference says."""

import io
import json
import logging
import subprocess
import sys
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from caseway.domain.secret import Secret
from caseway.store.tokens import new_token, signing_secret
from caseway.telemetry import METRICS, Metrics, masked, masked_text, set_up_logs

PROGRAM = """
import logging, sys
import asyncpg, structlog
from caseway.domain.secret import Secret
from caseway.store.reached import tell_briefly
from caseway.telemetry import set_up_logs

early = structlog.get_logger()
set_up_logs("info", sys.argv[1])
token, signing = sys.argv[2:]
log = structlog.get_logger().bind(connection="north")
log.info("webhook.kept", token=token, at=f"https://h/backend/creatio/webhook/{token}",
         secret=Secret("hunter2"), deep={("a", 1): [Secret("hunter2"), {"key": signing}]},
         error=ValueError(token), raw=token.encode())
log.debug("never.seen")
early.warning("circuit.opened", **{token: 1})
logging.getLogger("asyncpg").warning("failed with %s", token)
logging.getLogger("uvicorn.access").info("GET /%s", token)
tell_briefly()
for away in (ConnectionRefusedError(), asyncpg.DiskFullError("no space left"), KeyError("ours")):
    try:
        raise away
    except Exception:
        logging.getLogger("asyncpg.pool").warning("Failed to restore", exc_info=True)
try:
    raise ValueError(signing)
except ValueError:
    log.exception("run.failed")
    logging.getLogger("lib").exception("theirs")
"""


def logged(form: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, form, *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == ""
    return done.stderr


@pytest.mark.parametrize("form", ["json", "pretty", "auto"])
def test_no_secret_reaches_the_log(form: str) -> None:
    token, shown = new_token("cw")
    signing = signing_secret()
    lines = logged(form, token.reveal(), signing.reveal())
    for secret in ("hunter2", token.reveal()[len("cw_12345678_") :], signing.reveal()[6:]):
        assert secret not in lines
    assert f"cw_{shown.public_name}_***" in lines
    assert "whsec_***" in lines
    for event in ("webhook.kept", "circuit.opened", "failed with", "run.failed", "theirs"):
        assert event in lines
    assert "Traceback" in lines
    assert "never.seen" not in lines
    assert "GET /" not in lines


def test_lines_for_programs_are_json_with_time_and_level() -> None:
    token, _ = new_token("cw")
    lines: list[dict[str, Any]] = [
        json.loads(line) for line in logged("json", token.reveal(), "whsec_x").splitlines()
    ]
    first, *rest = lines
    assert (first["event"], first["level"], first["connection"]) == (
        "webhook.kept",
        "info",
        "north",
    )
    assert first["timestamp"].endswith("Z")
    levels = ["warning", "warning", "warning", "warning", "warning", "error", "error"]
    assert [line["level"] for line in rest] == levels
    refused, full, ours = rest[2:5]
    assert refused["event"] == "Failed to restore (ConnectionRefusedError)"
    assert full["event"] == "Failed to restore (DiskFullError)"
    assert not {"exception"} & (refused.keys() | full.keys())
    assert "KeyError" in ours["exception"]


def test_a_stream_of_ones_own_gets_the_lines() -> None:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    written = io.StringIO()
    try:
        set_up_logs("info", "json", to=written)
        structlog.get_logger().info("delivery.sent", delivery="d1")
    finally:
        root.handlers, root.level = handlers, level
        structlog.reset_defaults()
    assert json.loads(written.getvalue())["delivery"] == "d1"


@given(before=st.text(), after=st.text(), prefix=st.sampled_from(["cw", "cwk"]))
def test_a_token_is_masked_wherever_it_stands(before: str, after: str, prefix: str) -> None:
    token, shown = new_token(prefix)
    secret = token.reveal().split("_", 2)[2]
    text = masked_text(f"{before}{token.reveal()} {after}")
    assert secret not in text
    assert shown.public_name in text


def test_a_visitors_token_is_masked_too() -> None:
    assert masked_text("cwv_0123456789abcdef_" + "x" * 43) == "cwv_0123456789abcdef_***"


def test_masking_drops_nothing() -> None:
    value = {"a": [1, 2.5, None, True, "text"], "b": {"c": Secret("x")}, "d": (b"raw",)}
    assert masked(value) == {
        "a": [1, 2.5, None, True, "text"],
        "b": {"c": "***"},
        "d": ["raw"],
    }
    endless: list[object] = []
    endless.append(endless)
    assert isinstance(masked(endless), list)


def test_every_metric_is_made_and_exposed() -> None:
    metrics = Metrics()
    metrics.deliveries.labels(channel="api", outcome="accepted").inc()
    metrics.run_seconds.observe(0.01)
    metrics.backlog.set(3)
    text, kind = metrics.exposition()
    assert kind.startswith("text/plain")
    for name, metric in METRICS.items():
        assert hasattr(metrics, name)
        assert f"# HELP {metric.exposed_name} ".encode() in text
    assert b'caseway_deliveries_total{channel="api",outcome="accepted"} 1.0' in text
    assert b"process_resident_memory_bytes" in text
    assert Metrics().registry is not metrics.registry
