"""Processes that end: told to, by Ctrl-C, or without a word. What was owed is still paid, once."""

import os
import shutil
import signal
import subprocess
import sys
import time
from urllib.request import urlopen

from tests.acceptance.callbacks import Callbacks
from tests.acceptance.demo import (
    STOPPED_WITHIN_S,
    environment,
    folder_of_its_own,
    started_demo,
    words_of,
    working_below,
)
from tests.acceptance.far import eventually
from tests.acceptance.installation import alive
from tests.acceptance.place import Place

# After a restart: the next reply of a conversation that nobody worked on. It waits for no lease.
IDLE_WITHIN_S = 10.0
# And of one whose worker died in the middle: as soon as its lease of 12 s is over.
IN_FLIGHT_WITHIN_S = 25.0
SLOWER = 20  # of what a reply took before, on this machine and beside whatever else it does


def test_ctrl_c_leaves_no_process_behind(callbacks: Callbacks) -> None:
    with started_demo(callbacks) as demo:
        everything = demo.everything()
        names = {name for one in everything for name in words_of(one)}
        assert {"demo", "serve", "creatio_sandbox", "postgres"} <= names
        with urlopen(
            demo.said["widget_url"].replace("/demo/widget", "/demo/log"), timeout=STOPPED_WITHIN_S
        ) as page:
            assert page.readline()
            os.killpg(demo.process.pid, signal.SIGINT)
            page.read()  # an open page's stream comes to its end, it is not cut off
        assert demo.process.wait(STOPPED_WITHIN_S) == 0
        assert "Exception in ASGI application" not in demo.errors.read_text()
        assert alive(everything) == []
        assert working_below(demo.folder) == []


def test_ctrl_c_before_everything_is_up_leaves_nothing_either() -> None:
    folder = folder_of_its_own()
    process = subprocess.Popen(
        [*(sys.executable, "-m", "caseway", "demo", "--port", "0"), *("--data", str(folder))],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(),
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        assert "Starting" in process.stdout.readline()
        eventually(lambda: len(working_below(folder)) > 1, what="the first process that it starts")
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        said = process.stdout.read()
        assert process.wait(STOPPED_WITHIN_S) == 0, said
        assert "Traceback" not in said
        assert working_below(folder) == []
    finally:
        process.stdout.close()
        for left in working_below(folder):
            left.kill()
        shutil.rmtree(folder, ignore_errors=True)


def test_after_a_kill_replies_flow_again(place: Place, callbacks: Callbacks) -> None:
    idle = place.api.begin("paula", "Idle")
    busy = place.api.begin("quentin", "Busy")
    case_of_idle, case_of_busy = place.api.case(idle), place.api.case(busy)
    place.desk.wait_until_said(case_of_idle, "Idle")
    place.desk.wait_until_said(case_of_busy, "Busy")
    asked = time.monotonic()
    place.desk.task(case_of_idle, "As usual")
    usual = callbacks.wait_for(idle, "As usual")[-1].arrived - asked

    callbacks.holding.set()
    place.desk.task(case_of_busy, "In the middle of this")
    eventually(lambda: [c for c in callbacks.held if c.conversation == busy], what="the call")
    place.kill()
    callbacks.holding.clear()
    callbacks.let_go.set()
    place.desk.task(case_of_idle, "While nobody listened")
    place.begin_again()
    back = time.monotonic()
    place.desk.task(case_of_idle, "Now you do")

    of_busy = callbacks.wait_for(busy, "In the middle of this")[-1]
    of_idle = callbacks.wait_for(idle, "As usual", "While nobody listened", "Now you do")[-1]
    assert of_idle.arrived - back < IDLE_WITHIN_S + SLOWER * usual
    assert of_busy.arrived - back < IN_FLIGHT_WITHIN_S + SLOWER * usual
    [before] = {c.id for c in callbacks.held if c.conversation == busy}
    assert of_busy.id == before, "the repeat is recognised by its id"


def test_a_database_that_dies_is_told_in_a_line_each_and_work_goes_on(place: Place) -> None:
    before = len(place.caseway.log)
    below = working_below(place.caseway.folder)
    servers = [one for one in below if "postgres" in words_of(one)]
    (postmaster,) = [one for one in servers if one.parent() not in servers]
    postmaster.kill()
    eventually(lambda: "store.away" in place.caseway.log[before:], what="a line about it")
    eventually(lambda: "database.revived" in place.caseway.log[before:], what="its return")
    eventually(place.caseway.is_ready, what="readiness")
    conversation = place.api.begin("tilda", "Are you back?")
    place.desk.wait_until_said(place.api.case(conversation), "Are you back?")
    assert [line for line in place.caseway.log[before:].splitlines() if "Traceback" in line] == []


def test_told_to_stop_it_ends_its_work_first(place: Place, callbacks: Callbacks) -> None:
    conversations = [place.api.begin(f"rosa-{n}", "Many") for n in range(10)]
    cases = [place.api.case(conversation) for conversation in conversations]
    for case in cases:
        place.desk.task(case, "Answer")
    place.serving.send_signal(signal.SIGTERM)
    assert place.serving.wait(STOPPED_WITHIN_S) == 0
    assert "worker.cut_off" not in place.caseway.log
    assert working_below(place.caseway.folder / "data") == [], "its PostgreSQL ended with it"
    place.begin_again()
    for conversation in conversations:
        callbacks.wait_for(conversation, "Answer")
    for conversation in conversations:
        attempts = [c for c in callbacks.taken if c.conversation == conversation]
        assert len(attempts) == 1, "nothing was in doubt, so nothing was repeated"


def test_creatio_and_caseway_may_die_together(place: Place, callbacks: Callbacks) -> None:
    conversation = place.api.begin("sam", "Both?")
    case = place.api.case(conversation)
    place.desk.wait_until_said(case, "Both?")
    place.desk.weather(down_for="3s")
    place.api.write(conversation, "Still there?")
    place.kill()
    place.desk.task(case, "Both.")
    place.begin_again()
    callbacks.wait_for(conversation, "Both.")
    place.desk.wait_until_said(case, "Both?", "Still there?")


def test_ctrl_c_ends_serve_and_its_database(place: Place) -> None:
    assert place.interrupt() == 0
    assert working_below(place.caseway.folder / "data") == []
    assert "Traceback" not in place.caseway.log
    place.begin_again()
