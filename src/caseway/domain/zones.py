"""Time zones by their IANA names, and what their hours are called."""

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

DEFAULT: Final = "UTC"
REGIONS: Final = frozenset(
    {
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Europe",
        "Indian",
        "Pacific",
    }
)
NO_PLACE: Final = frozenset({"Factory", "localtime", "posixrules"})
EXPECTED: Final = "Expected a time zone by its name, for example Europe/Lisbon or UTC"


@cache
def known() -> frozenset[str]:
    """Every name that can be chosen, old spellings as well."""
    return frozenset(available_timezones()) - NO_PLACE


@cache
def offered() -> tuple[str, ...]:
    """Those worth proposing: UTC, and places."""
    return (DEFAULT, *sorted(name for name in known() if name.partition("/")[0] in REGIONS))


@cache
def _by_spelling() -> Mapping[str, str]:
    """Names in small letters; a place alone where there is one of it."""
    places: dict[str, list[str]] = {}
    for name in offered():
        places.setdefault(name.rpartition("/")[2].lower(), []).append(name)
    alone = {place: names[0] for place, names in places.items() if len(names) == 1}
    return alone | {name.lower(): name for name in known()}


def zone_name(text: str) -> str:
    """`europe/lisbon`, `New York` and the like become the name. Raises `ValueError`, in words."""
    spelled = "_".join(text.split()).lower()
    found = _by_spelling().get(spelled)
    if found is None:
        raise ValueError(EXPECTED)
    return found


def hours_are_called(zone: tzinfo, at: datetime) -> str:
    """`CET`, or `UTC+4` where nobody has letters for it."""
    there = at.astimezone(zone)
    letters = there.tzname() or ""
    if letters.isalpha():
        return letters
    minutes = (there.utcoffset() or timedelta()) // timedelta(minutes=1)
    sign = "+" if minutes >= 0 else "−"  # noqa: RUF001 - a minus, as people read it
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{sign}{hours}:{rest:02}" if rest else f"UTC{sign}{hours}"


def zone(name: str) -> tzinfo:
    """Of a name that was judged when it was typed."""
    return ZoneInfo(name)
