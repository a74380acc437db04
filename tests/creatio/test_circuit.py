"""The circuit: opens on failures in a row, lets one through, closes on the first answer."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseway.creatio.circuit import (
    FAILURES_TO_OPEN,
    LONGEST,
    TRANSITIONS,
    TRIAL_SECONDS,
    Circuit,
    Event,
    State,
)


def failed(circuit: Circuit, now: float, times: int = 1) -> Circuit:
    for _ in range(times):
        circuit = circuit.failed(now, reason="down", chance=0.0)
    return circuit


def test_every_state_knows_every_event() -> None:
    assert TRANSITIONS.keys() == set(State)
    assert all(moves.keys() == set(Event) for moves in TRANSITIONS.values())


def test_it_opens_after_failures_in_a_row_only() -> None:
    almost = failed(Circuit(), 0.0, FAILURES_TO_OPEN - 1)
    assert almost.wait(0.0) == 0
    assert failed(almost.succeeded(), 0.0, FAILURES_TO_OPEN - 1).wait(0.0) == 0
    assert failed(almost, 0.0).wait(0.0) > 0


def test_half_open_lets_one_through_and_another_if_that_never_tells() -> None:
    opened = failed(Circuit(), 0.0, FAILURES_TO_OPEN)
    after = opened.wait(0.0)
    assert opened.wait(after) == 0
    trying = opened.calling(after)
    assert trying.state is State.HALF_OPEN
    assert trying.wait(after) == TRIAL_SECONDS
    assert trying.wait(after + TRIAL_SECONDS) == 0
    assert trying.succeeded() == Circuit()


def test_each_failed_trial_waits_longer_up_to_a_minute() -> None:
    circuit, now, waits = failed(Circuit(), 0.0, FAILURES_TO_OPEN), 0.0, []
    for _ in range(10):
        waits.append(circuit.wait(now))
        now += circuit.wait(now)
        circuit = failed(circuit.calling(now), now)
    assert waits == sorted(waits)
    assert waits[:3] == [1, 2, 4]
    assert waits[-1] == LONGEST.total_seconds()


def test_a_call_that_began_before_it_opened_changes_nothing() -> None:
    opened = failed(Circuit(), 0.0, FAILURES_TO_OPEN)
    assert failed(opened, 0.5, 7).wait(0.5) == opened.wait(0.5)


@pytest.mark.parametrize("before", [0, FAILURES_TO_OPEN])
def test_being_told_to_stay_away_opens_at_once_for_that_long(before: int) -> None:
    circuit = failed(Circuit(), 0.0, before).failed(
        0.0, reason="throttled", chance=0.0, stay_away=timedelta(seconds=77)
    )
    assert circuit.wait(0.0) == 77
    assert circuit.wait(77.0) == 0


@given(
    st.lists(st.sampled_from(["fail", "succeed", "call", "pass", "rest"]), max_size=60),
    st.floats(min_value=0, max_value=0.999),
)
def test_it_never_stays_shut_for_ever(events: list[str], chance: float) -> None:
    circuit, now = Circuit(), 100.0
    for event in events:
        if event == "fail":
            circuit = circuit.failed(now, reason="down", chance=chance)
        elif event == "rest":
            away = timedelta(seconds=30)
            circuit = circuit.failed(now, reason="rest", chance=chance, stay_away=away)
        elif event == "succeed":
            circuit = circuit.succeeded()
        elif event == "call" and not circuit.wait(now):
            circuit = circuit.calling(now)
        else:
            now += 3.0
        assert circuit.wait(now) <= LONGEST.total_seconds()
        assert circuit.wait(now + LONGEST.total_seconds()) == 0
