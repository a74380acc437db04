"""The decision table of closure: pure, total, the one place where both statuses meet."""

from enum import StrEnum
from typing import NamedTuple


class Side(StrEnum):
    OPEN = "open"
    RESOLVED = "resolved"


class Verdict(NamedTuple):
    ours: Side
    agreed: Side
    write: Side | None = None  # the status to write into the case
    hold: bool = False  # remember the case's present status as one that means closed
    overruled: bool = False  # the claim was weighed and lost: a message waits


def merge(agreed: Side, theirs: Side, ours: Side, *, claim: bool, waiting: bool) -> Verdict:
    """One look at both statuses.

    `claim`: a fresh `case_closed`, the administrator's word. `waiting`: a customer's message
    that no closure may end (not covered).
    """
    match agreed, theirs, ours:
        case Side.OPEN, Side.OPEN, Side.OPEN:
            if not claim:
                return Verdict(Side.OPEN, Side.OPEN)
            if waiting:
                return Verdict(Side.OPEN, Side.OPEN, overruled=True)
            return Verdict(Side.RESOLVED, Side.RESOLVED, hold=True)
        case Side.OPEN, Side.RESOLVED, Side.OPEN:  # closed over there
            if waiting:  # the message wins
                return Verdict(Side.OPEN, Side.OPEN, write=Side.OPEN, overruled=claim)
            return Verdict(Side.RESOLVED, Side.RESOLVED)
        case Side.OPEN, Side.OPEN, Side.RESOLVED:  # resolved here
            return Verdict(Side.RESOLVED, Side.OPEN, write=Side.RESOLVED)
        case Side.OPEN, Side.RESOLVED, Side.RESOLVED:
            return Verdict(Side.RESOLVED, Side.RESOLVED)
        case Side.RESOLVED, Side.OPEN, _:  # reopened over there
            if claim:
                return Verdict(Side.RESOLVED, Side.RESOLVED, hold=True)
            return Verdict(Side.OPEN, Side.OPEN)
        case Side.RESOLVED, Side.RESOLVED, Side.OPEN:  # the customer came back
            return Verdict(Side.OPEN, Side.RESOLVED, write=Side.OPEN)
        case Side.RESOLVED, Side.RESOLVED, Side.RESOLVED:
            if waiting:  # cannot happen while intake locks; the message wins all the same
                return Verdict(Side.OPEN, Side.RESOLVED, write=Side.OPEN)
            return Verdict(Side.RESOLVED, Side.RESOLVED)
    raise AssertionError((agreed, theirs, ours))


def stale(*, flagged: bool, agreed: Side, under_reopened_status: bool) -> bool:
    """Is a `case_closed` an old one, late or doubled?

    A flagged status speaks for itself. Otherwise the word is old if it comes with a reopening,
    or if the status is the one under which a closure was last undone or overruled. Before the
    first closure the administrator's word counts whatever the status.
    """
    return not flagged and (agreed is Side.RESOLVED or under_reopened_status)
