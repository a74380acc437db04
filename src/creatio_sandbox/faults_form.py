"""The fields of the page of faults, and what a sent form means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from creatio_sandbox.faults import Faults, read_faults

GROUPS: Final = {
    "Answers": {
        "latency_ms": "Wait before each answer, ms",
        "errors": "500, 502 or 503 in place of the work, rate",
        "cut": "Connection cut before anything is done, rate",
        "throttled": "429 with Retry-After, rate",
        "retry_after_s": "Retry-After, s",
        "down_for_s": "Down from now, s",
        "down_refuses": "While down, cut connections instead of 503",
        "maintenance_for_s": "Maintenance page from now, HTML with 200, s",
        "rebuilding_for_s": "Model rebuild from now, collections are 404, s",
    },
    "Writes": {
        "after_commit": "Done, then 500, rate",
        "answers_lost": "Done, then the connection is cut, rate",
        "stalled": "Done, then no answer at all, rate",
        "late": "Commits later than its ModifiedOn says, rate",
        "late_ms": "How much later, ms",
    },
    "Signing in, limits and clock": {
        "sessions_expired": "The caller's session has ended, rate",
        "token_rejected": "The caller's token is not taken, rate",
        "forbidden": "403 without a word, rate",
        "daily_calls": "API calls a day and user, 0 for no limit",
        "calls_per_second": "API calls a second and user, 0 for no limit",
        "clock_offset_s": "Creatio's clock against ours, s",
        "clock_jumps": "The clock jumps before a call, rate",
        "clock_jump_s": "How far it jumps, s",
    },
    "Business processes": {
        "processes_stopped": "No process starts",
        "dropped": "Calls never sent, rate",
        "drop_next": "So many next calls are never sent",
        "doubled": "Calls sent twice, rate",
        "delayed": "Calls sent later, rate",
        "delayed_ms": "How much later, ms",
        "reordered": "Calls overtaken by another, rate",
    },
    "Habits of certain builds": {
        "swallow_unknown": "PATCH with an unknown property: 204, nothing is written",
        "whole_rows_broken": "A read without $select: 500",
        "strict_csrf": "Reads want the BPMCSRF header too",
    },
    "Chance": {"seed": "Seed of all dice"},
}
CALM: Final = Faults()
ON: Final = "on"


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    label: str
    is_switch: bool
    value: str
    is_set: bool  # it differs from calm weather


def read_form(form: Mapping[str, Sequence[str]]) -> Faults:
    """An empty field is as in calm weather, a switch that was not sent is off."""
    given = {name: values[-1].strip() for name, values in form.items() if values[-1].strip()}
    return read_faults(given, CALM)


def groups(
    faults: Faults, typed: Mapping[str, Sequence[str]] | None = None
) -> dict[str, list[Field]]:
    """The fields by subject; what was typed is shown in place of what is."""
    return {
        title: [_field(name, label, faults, typed) for name, label in labels.items()]
        for title, labels in GROUPS.items()
    }


def _field(
    name: str, label: str, faults: Faults, typed: Mapping[str, Sequence[str]] | None
) -> Field:
    value = getattr(faults, name)
    is_switch = isinstance(value, bool)
    text = (ON if value else "") if is_switch else f"{value:g}"
    if typed is not None:
        text = typed.get(name, [""])[-1]
    return Field(name, label, is_switch, text, value != getattr(CALM, name))
