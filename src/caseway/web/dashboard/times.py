"""Moments as people read them: in the organisation's zone, and never without its name."""

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from caseway.domain.zones import hours_are_called

MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)


def shown(moment: datetime, *, now: datetime, zone: tzinfo = UTC, ago: bool = True) -> str:
    """Up to an hour "3 s ago", then "13:20 CET", then with the day, at last with the year."""
    passed = now - moment
    if ago and timedelta() <= passed < HOUR:
        return f"{age(passed)} ago"
    there, here = moment.astimezone(zone), now.astimezone(zone)
    clock = f"{there:%H:%M} {hours_are_called(zone, moment)}"
    if there.date() == here.date():
        return clock
    day = f"{there.day} {there:%b}"
    return f"{day}, {clock}" if there.year == here.year else f"{day} {there.year}, {clock}"


def exact(moment: datetime, *, zone: tzinfo = UTC) -> str:
    """To the second, for events, timelines and titles: "3 Mar 2026, 14:02:31 CET"."""
    there = moment.astimezone(zone)
    return f"{there.day} {there:%b %Y, %H:%M:%S} {hours_are_called(zone, moment)}"


def clock(moment: datetime, *, now: datetime, zone: tzinfo = UTC) -> str:
    """For columns whose head names today's zone: "14:02:31", the day where it is not today's, and
    the zone again where the clocks were changed since: "28 Mar, 14:02:31 CET" under "At, CEST".
    """
    there, here = moment.astimezone(zone), now.astimezone(zone)
    called = hours_are_called(zone, moment)
    other = "" if called == hours_are_called(zone, now) else f" {called}"
    if there.date() == here.date():
        return f"{there:%H:%M:%S}{other}"
    year = "" if there.year == here.year else f" {there.year}"
    return f"{there.day} {there:%b}{year}, {there:%H:%M:%S}{other}"


def minute(moment: datetime, *, now: datetime, zone: tzinfo = UTC) -> str:
    """Of a span whose zone stands beside it: "14:00", the day where it is not today's."""
    there, here = moment.astimezone(zone), now.astimezone(zone)
    if there.date() == here.date():
        return f"{there:%H:%M}"
    year = "" if there.year == here.year else f" {there.year}"
    return f"{there.day} {there:%b}{year}, {there:%H:%M}"


def is_today(moment: datetime, *, now: datetime, zone: tzinfo = UTC) -> bool:
    return moment.astimezone(zone).date() == now.astimezone(zone).date()


def day(moment: datetime, *, zone: tzinfo = UTC) -> str:
    """With its weekday: "Tuesday, 3 March 2026"."""
    there = moment.astimezone(zone)
    return f"{there:%A}, {there.day} {there:%B %Y}"


def iso(moment: datetime) -> str:
    """For the machine: UTC, as `<time datetime>` has it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def age(passed: timedelta) -> str:
    """In one unit, rounded down: 41 s, 12 min, 3 h, 2 days."""
    seconds = int(passed.total_seconds())
    if passed < MINUTE:
        return f"{seconds} s"
    if passed < HOUR:
        return f"{seconds // 60} min"
    if passed < 48 * HOUR:
        return f"{seconds // 3600} h"
    return f"{seconds // 86400} days"
