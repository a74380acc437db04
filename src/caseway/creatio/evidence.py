"""What our own rows say of a connection, judged as checks. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from caseway.creatio.errors import CONNECTION_PAGE
from caseway.creatio.found import Found
from caseway.creatio.places import Somewhere
from caseway.domain.connection import Connection
from caseway.domain.guide import CASE_CLOSED, NEW_ACTIVITY, TITLES
from caseway.domain.sweeping import without_webhooks
from caseway.domain.trouble import own_words
from caseway.ports import Asking, Evidence, Mark

INTEGRATION_PAGE: Final = "Settings → Integrations → Creatio"
RIGHTS_REMEDY: Final = (
    "Give our user in Creatio the right to read, create and change cases, activities and contacts."
)
MADE: Final = {"Case": "cases", "Activity": "activities", "Contact": "contacts"}


NO_LIBRARY: Final = Found(
    Mark.UNKNOWN,
    "Creatio does not show us its process library, as most instances do not",
    "Look there yourself.",
    Somewhere.PROCESSES,
)


def creates(evidence: Evidence) -> Found:
    """The right to create shows only in what was created."""
    if evidence.refused:
        what = "an activity" if evidence.refused == 1 else f"{evidence.refused} activities"
        return Found(
            Mark.WARN,
            f"Creatio refused {what} in the last 7 days",
            RIGHTS_REMEDY,
            Somewhere.PERMISSIONS,
        )
    made = [word for entity, word in MADE.items() if entity in evidence.made]
    missing = [word for word in MADE.values() if word not in made]
    if not missing:
        return Found(Mark.OK, "cases, activities and contacts have been created")
    seen = f"{_listed(made)} have been created; {_listed(missing)} not yet" if made else "none yet"
    return Found(
        Mark.UNKNOWN,
        f"{seen}. Only writing shows this right, and the test leaves nothing behind",
    )


def changes() -> Found:
    return Found(
        Mark.UNKNOWN,
        "shows when a case is first resolved or reopened from here: the test leaves nothing behind",
    )


def limits(*, throttled: bool) -> Found:
    if throttled:
        return Found(
            Mark.WARN,
            "Creatio asked for fewer calls (429)",
            "The sweep slows down by itself. If it lasts, ask for a larger plan, or sweep less"
            " often.",
        )
    return Found(Mark.OK, "no call was refused for its number (429)")


def webhook(connection: Connection, evidence: Evidence, now: datetime) -> Found:
    """Whether Creatio has ever called, and whether it calls for what we wait for."""
    wrong = sum(one.calls for one in evidence.refused_calls)
    if wrong:
        return Found(
            Mark.WARN,
            f"{_calls(wrong)} with a wrong token since yesterday, refused with 401",
            "Copy the webhook URL into Creatio's web service again, or regenerate it under"
            f" {INTEGRATION_PAGE}.",
            Somewhere.SERVICES,
        )
    lights = {one.type for one in evidence.arrived if one.calls > one.rejected}
    missing = [kind for kind in (NEW_ACTIVITY, CASE_CLOSED) if kind not in lights]
    if len(missing) == 2:
        return Found(
            Mark.WARN,
            f"no webhook has ever arrived; {without_webhooks(connection.settings.sweeping)}",
            f"Set up the two processes as {INTEGRATION_PAGE} shows, for replies within a second.",
            Somewhere.PROCESSES,
        )
    last = max(one.last_at for one in evidence.arrived)
    ago = f"last {_ago(now, last)}"
    if missing:
        return Found(
            Mark.WARN,
            f"{_listed(sorted(lights))} arrives ({ago}), {missing[0]} never did",
            f"Check the process \u201c{TITLES[missing[0]]}\u201d as {INTEGRATION_PAGE} shows it.",
            Somewhere.PROCESSES,
        )
    if evidence.healed:
        return Found(
            Mark.WARN,
            f"Creatio calls ({ago}), but the sweep found {evidence.healed} replies in the last day"
            " that no webhook told of",
            f"The filter of \u201c{TITLES[NEW_ACTIVITY]}\u201d may be too narrow.",
            Somewhere.PROCESSES,
        )
    return Found(Mark.OK, f"Creatio calls, {ago}")


def sweep(connection: Connection, asking: Asking, now: datetime) -> Found:
    if not connection.settings.sweeping.enabled:
        return Found(
            Mark.WARN,
            "switched off: a lost webhook is not healed, and a reopening is seen late",
            f"Switch it on under {CONNECTION_PAGE}, or: caseway connection add --name"
            f" {connection.name} --sweep",
        )
    if asking.trouble:
        return Found(
            Mark.WARN, own_words(asking.trouble), "Replies still arrive by webhook meanwhile."
        )
    if asking.stamps_off:
        return Found(
            Mark.WARN,
            f"Creatio's stamps are up to {asking.stamps_off} off its own clock, so each question"
            " reaches back that much further",
            "Nothing is lost. Let Creatio's administrator run the server in UTC.",
        )
    if asking.at is None:
        return Found(Mark.OK, "nothing was asked for yet: a worker does it")
    return Found(Mark.OK, f"asked for changes {_ago(now, asking.at)}")


def processes(found: Mapping[str, bool], evidence: Evidence) -> Found:
    """`found`: of the titles that our guide gives, those in the library and whether active."""
    off = [title for title, active in found.items() if not active]
    if off:
        return Found(
            Mark.WARN,
            f"{_quoted(off)} is not active: what it tells of comes by the sweep alone",
            "Switch it on there: the process → Active.",
            Somewhere.PROCESSES,
        )
    absent = [title for title in TITLES.values() if title not in found]
    if not absent:
        return Found(Mark.OK, f"{_quoted(list(found))} are active")
    if {one.type for one in evidence.arrived if one.calls > one.rejected} >= TITLES.keys():
        return Found(Mark.OK, "yours have other titles than our guide gives, and they call")
    return Found(
        Mark.WARN,
        f"the library lists no {_quoted(absent)}",
        f"Set it up as {INTEGRATION_PAGE} shows. Under another title it cannot be found from here.",
        Somewhere.PROCESSES,
    )


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else ""


def _quoted(titles: list[str]) -> str:
    return _listed([f"\u201c{title}\u201d" for title in titles])


def _calls(count: int) -> str:
    return "1 call" if count == 1 else f"{count} calls"


def _ago(now: datetime, at: datetime) -> str:
    seconds = max(0, int((now - at).total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"
