"""How long to wait, and how often to ask."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseway.domain.backoff import LONGEST, backoff
from caseway.domain.sweeping import (
    ACTIVITY,
    CASE,
    FASTEST,
    OVERLAP,
    RESERVE,
    SLOWEST,
    WITH_WEBHOOKS,
    WITHOUT_WEBHOOKS,
    may_compare,
    may_sweep,
    next_night,
    next_sweep,
    overlap,
    watermark,
)

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
DAY = timedelta(days=1)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def pause(entity: str = ACTIVITY, **changes: object) -> timedelta:
    usual: dict[str, object] = {
        "now": NOON,
        "chosen": None,
        "webhooks_work": False,
        "just_missed": False,
        "calls_a_day": None,
        "used_today": 0,
    }
    return next_sweep(entity, **{**usual, **changes})  # type: ignore[arg-type] # by name


@given(failures=st.integers(1, 10_000), chance=st.floats(0, 1, exclude_max=True))
def test_a_wait_is_never_nothing_and_never_too_long(failures: int, chance: float) -> None:
    wait = backoff(failures, chance=chance)
    assert timedelta(milliseconds=499) < wait <= LONGEST


@given(failures=st.integers(1, 50), chance=st.floats(0, 1, exclude_max=True))
def test_each_wait_is_as_long_as_the_one_before_or_longer(failures: int, chance: float) -> None:
    assert backoff(failures, chance=chance) <= backoff(failures + 1, chance=chance)


def test_waits_double_and_chance_halves_them_at_most() -> None:
    assert [backoff(n, chance=0).total_seconds() for n in (1, 2, 3, 4)] == [1, 2, 4, 8]
    assert backoff(4, chance=0.999).total_seconds() == pytest.approx(4, abs=0.01)


def test_there_is_no_zeroth_failure() -> None:
    with pytest.raises(ValueError, match="number 1"):
        backoff(0, chance=0)


def test_it_asks_often_until_webhooks_work() -> None:
    assert pause() == WITHOUT_WEBHOOKS[ACTIVITY]
    assert pause(CASE) == WITHOUT_WEBHOOKS[CASE]
    assert pause(webhooks_work=True) == WITH_WEBHOOKS
    assert pause(webhooks_work=True, just_missed=True) == WITHOUT_WEBHOOKS[ACTIVITY]


def test_the_administrators_word_counts_within_bounds_and_within_the_plan() -> None:
    assert pause(chosen=timedelta(seconds=7)) == timedelta(seconds=7)
    assert pause(chosen=timedelta(seconds=7), calls_a_day=1) == SLOWEST
    assert pause(chosen=timedelta(0)) == FASTEST
    assert pause(chosen=DAY) == SLOWEST


def test_a_small_plan_lasts_the_usual_day() -> None:
    morning = NOON.replace(hour=0)
    for entity in (ACTIVITY, CASE):
        assert pause(entity, now=morning, calls_a_day=10_000) == WITHOUT_WEBHOOKS[entity]


def test_the_last_part_of_the_days_calls_is_kept_for_replies() -> None:
    assert may_sweep(calls_a_day=None, used_today=10**6)
    assert may_sweep(calls_a_day=1000, used_today=949)
    assert not may_sweep(calls_a_day=1000, used_today=950)
    assert may_compare(calls_a_day=1000, used_today=499)
    assert not may_compare(calls_a_day=1000, used_today=500)


@given(connection=st.uuids(), now=moments)
def test_a_night_comes_once_in_every_day(connection: UUID, now: datetime) -> None:
    wait = next_night(connection, now=now)
    assert timedelta(0) < wait <= DAY
    assert 2 <= (now + wait).hour < 4
    assert next_night(connection, now=now + wait) == DAY


def test_stamps_that_are_off_by_more_than_a_minute_widen_the_overlap() -> None:
    assert overlap(timedelta(seconds=50)) == OVERLAP
    for off in (timedelta(hours=3), -timedelta(hours=3)):
        assert overlap(off) == OVERLAP + timedelta(hours=3)


@given(
    calls_a_day=st.integers(1, 50_000),
    used=st.integers(0, 50_000),
    hour=st.integers(0, 23),
    webhooks=st.booleans(),
    chosen=st.none() | st.timedeltas(timedelta(0), timedelta(hours=1)),
)
def test_sweeping_takes_at_most_half_of_what_is_left_of_the_day(
    calls_a_day: int, used: int, hour: int, *, webhooks: bool, chosen: timedelta | None
) -> None:
    now = NOON.replace(hour=hour)
    midnight = NOON.replace(hour=0) + DAY
    calls = sum(
        (midnight - now)
        / pause(
            entity,
            now=now,
            calls_a_day=calls_a_day,
            used_today=used,
            webhooks_work=webhooks,
            chosen=chosen,
        )
        for entity in (ACTIVITY, CASE)
    )
    left = calls_a_day * (1 - RESERVE) - used
    slowest = 2 * (midnight - now) / SLOWEST
    # Each of the two is asked for once an hour at least, however little is left.
    assert calls <= max(left / 2 + slowest / 2, slowest) * 1.001 + 2


@given(before=st.none() | moments, newest=moments, answered=moments)
def test_the_watermark_never_goes_back_and_never_past_the_answer(
    before: datetime | None, newest: datetime, answered: datetime
) -> None:
    after = watermark(before, newest, answered)
    assert before is None or after >= before
    assert after <= max(answered, before or answered)
