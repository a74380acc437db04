"""A zone is known by its name, however it is spelled; its hours have a name at every moment."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from caseway.domain import zones
from caseway.web.dashboard import times

WINTER = datetime(2026, 1, 15, 12, tzinfo=UTC)
SUMMER = datetime(2026, 7, 15, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Europe/Lisbon", "Europe/Lisbon"),
        ("  europe/lisbon ", "Europe/Lisbon"),
        ("America/New York", "America/New_York"),
        ("Lisbon", "Europe/Lisbon"),
        ("Asia/Calcutta", "Asia/Calcutta"),
        ("utc", "UTC"),
        ("CET", "CET"),
    ],
)
def test_what_can_be_understood_is_not_refused(typed: str, name: str) -> None:
    assert zones.zone_name(typed) == name
    assert zones.zone(name).utcoffset(WINTER) is not None


@pytest.mark.parametrize(
    "typed",
    ["", "Europe", "Europe/Lissabon", "Louisville", "../../etc/passwd", "localtime", "Factory"],
)
def test_what_is_no_zone_says_what_is_expected(typed: str) -> None:
    with pytest.raises(ValueError, match="for example Europe/Lisbon"):
        zones.zone_name(typed)


def test_every_offered_zone_can_be_chosen_and_used() -> None:
    assert zones.offered()[0] == "UTC"
    assert len(zones.offered()) > 400
    for name in zones.offered():
        assert zones.zone_name(name) == name
        assert zones.hours_are_called(zones.zone(name), WINTER)


@pytest.mark.parametrize(
    ("name", "winter", "summer"),
    [
        ("Europe/Berlin", "CET", "CEST"),
        ("Asia/Dubai", "UTC+4", "UTC+4"),
        ("America/Sao_Paulo", "UTC−3", "UTC−3"),  # noqa: RUF001 - a minus, as people read it
        ("Asia/Kathmandu", "UTC+5:45", "UTC+5:45"),
        ("America/St_Johns", "NST", "NDT"),
        ("UTC", "UTC", "UTC"),
    ],
)
def test_hours_have_a_name_in_summer_and_in_winter(name: str, winter: str, summer: str) -> None:
    zone = zones.zone(name)
    assert zones.hours_are_called(zone, WINTER) == winter
    assert zones.hours_are_called(zone, SUMMER) == summer


def test_a_moment_is_told_by_the_zones_clock_and_to_machines_by_utc() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    now = SUMMER + timedelta(hours=8)  # 22:00 there
    assert times.shown(SUMMER, now=now, zone=berlin) == "14:00 CEST"
    assert times.shown(SUMMER, now=now + timedelta(hours=3), zone=berlin) == "15 Jul, 14:00 CEST"
    late = now + timedelta(minutes=59)
    assert times.is_today(late, now=now, zone=berlin)
    assert not times.is_today(late + timedelta(hours=2), now=now, zone=berlin)
    assert times.exact(WINTER, zone=berlin) == "15 Jan 2026, 13:00:00 CET"
    assert times.clock(SUMMER, now=now, zone=berlin) == "14:00:00"
    assert times.clock(WINTER, now=now, zone=berlin) == "15 Jan, 13:00:00 CET", "not CEST"
    changed = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)  # the clocks went forward at 01:00 UTC
    later = changed + timedelta(hours=8)
    assert times.clock(changed, now=later, zone=berlin) == "01:30:00 CET"
    assert times.day(datetime(2026, 7, 15, 22, 30, tzinfo=UTC), zone=berlin) == (
        "Thursday, 16 July 2026"
    )
    assert times.iso(SUMMER.astimezone(berlin)) == "2026-07-15T12:00:00.000Z"


def test_a_machine_without_zone_data_of_its_own_knows_them_all() -> None:
    ask = "from caseway.domain import zones; print(*map(zones.zone, zones.offered()))"
    bare = {**os.environ, "PYTHONTZPATH": ""}
    told = subprocess.run(
        [sys.executable, "-c", ask], env=bare, check=True, capture_output=True, text=True
    )
    assert {"UTC", "Europe/Lisbon", "Asia/Tokyo"} <= set(told.stdout.split())
    assert len(told.stdout.split()) > 400
