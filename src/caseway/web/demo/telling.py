"""What Caseway noticed, planned and did, grouped by what set it off. Pure."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from caseway.domain.adoption import Outcome
from caseway.ports import Happened, JournalLine, Ran, Story
from caseway.web.dashboard.channel_signs import name_of

MOST_GROUPS: Final = 40
OUTCOMES: Final = {"later": ("clock", "amber"), "refused": ("circle-x", "red")}
LONG_ID: Final = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
WRITING: Final = ("created", "create", "set")


class Deed(msgspec.Struct, frozen=True):
    at: str  # since the group began: "6 ms", "1.2 s"
    icon: str
    tone: str
    text: str
    why: str


class Group(msgspec.Struct, frozen=True):
    id: str
    at: datetime
    icon: str
    title: str
    code: str  # shown as it stands in the event
    about: str
    took: str
    deeds: list[Deed]


class Tour(msgspec.Struct, frozen=True):
    done: list[bool]


def groups(story: Story) -> list[Group]:
    """The newest first."""
    return told(story.happened, story.ran)[:MOST_GROUPS]


def told(happened: Sequence[Happened], ran: Sequence[Ran]) -> list[Group]:
    """What happened, each with the looks that it set off; the newest first."""
    owners = {run.id: _cause(run, happened) for run in ran}
    found = [_group(one, [run for run in ran if owners[run.id] == one.id]) for one in happened]
    found += [_alone(run) for run in ran if owners[run.id] is None and run.lines]
    return sorted(found, key=lambda group: group.at, reverse=True)


def tour(story: Story) -> Tour:
    return Tour([story.wrote, story.case_opened, story.answered, story.arrived, story.resolved])


def _cause(run: Ran, happened: Sequence[Happened]) -> UUID | None:
    """The last thing that happened to the run's conversation before it began."""
    before = [
        one
        for one in happened
        if one.conversation == run.conversation and one.at <= run.begun_at and _wakes(one)
    ]
    return before[-1].id if before else None


def _wakes(one: Happened) -> bool:
    """A test, and what is only acknowledged, set off no look."""
    return one.kind != "test" and (one.kind != "webhook" or one.about != "case_updated")


def _group(one: Happened, runs: Iterable[Ran]) -> Group:
    icon, title, code, about, first = _said(one)
    deeds = [Deed("0 ms", "database", "", first, "")]
    ended = one.at
    for run in runs:
        deeds += [_deed(line, run.begun_at - one.at) for line in run.lines]
        ended = max(ended, run.ended_at)
    took = f"settled in {_elapsed(ended - one.at)}" if ended > one.at else one.outcome
    return Group(str(one.id), one.at, icon, title, code, about, took, deeds)


def _alone(run: Ran) -> Group:
    """Nothing new had happened: it was time to try again."""
    deeds = [_deed(line, timedelta(0)) for line in run.lines]
    took = f"settled in {_elapsed(run.ended_at - run.begun_at)}"
    return Group(str(run.id), run.begun_at, "refresh", "Looked again", "", "", took, deeds)


def _said(one: Happened) -> tuple[str, str, str, str, str]:
    match one.kind:
        case "customer":
            return "message-circle", "The customer wrote", "", one.about, "Kept, then answered"
        case "person":
            return "user", one.about, "", "", "By hand: kept in the audit log"
        case "replay":
            return "player-play", one.about, "", "", "By hand: kept in the audit log"
        case "test":
            return "webhook", "Caseway tested its URL:", one.about, "", f"Event kept. {one.reason}"
        case "sweep":
            why = one.reason or "What no webhook had told"
            return "bandage", "The sweep found", one.about, "", why
        case _:
            rejected = one.outcome == Outcome.REJECTED
            why = (
                "Event kept and refused" if rejected else f"Event kept, answered 200: {one.outcome}"
            )
            if one.reason:
                why = f"{why}. {one.reason}"
            return "webhook", "Creatio called:", one.about or "something unreadable", "", why


def _deed(line: JournalLine, begun: timedelta) -> Deed:
    icon, tone = _look(line)
    side = "" if line.side == "caseway" else f"{name_of(line.side)}: "
    text = f"{side}{line.deed}" if side else line.deed[:1].upper() + line.deed[1:]
    at = _elapsed(max(begun, timedelta(0)) + timedelta(milliseconds=line.at))
    return Deed(at, icon, tone, _short(text), _short(line.why))


def _short(text: str) -> str:
    """Ids by their first six characters, as everywhere on a page."""
    return LONG_ID.sub(lambda found: found[0][:6], text)


def _look(line: JournalLine) -> tuple[str, str]:
    if line.outcome in OUTCOMES:
        return OUTCOMES[line.outcome]
    if line.side == "caseway":
        return "filter-check", ""
    if line.side == "creatio":
        wrote = line.deed.startswith(WRITING)
        return ("arrow-right", "blue") if wrote else ("eye", "")
    return "arrow-left", "green"


def _elapsed(span: timedelta) -> str:
    ms = max(0, round(span / timedelta(milliseconds=1)))
    if ms < 1000:
        return f"{ms} ms"
    return f"{ms / 1000:.1f} s" if ms < 60_000 else f"{ms // 60_000} min"
