"""The decision table of closure: pure, total, the one place where both statuses meet."""

from typing import NamedTuple


class Verdict(NamedTuple):
    ours: str
    agreed: str
    write: str = ""  # the status to write into the case
    hold: bool = False  # remember the case's present status as one that means closed
    drop: bool = False  # the claim was stale or overruled; the event's outcome says why


def merge(agreed: str, theirs: str, ours: str, *, claim: bool, waiting: bool) -> Verdict:
    """`agreed`, `theirs`, `ours`: open or resolved. `claim`: a fresh case_closed.

    `waiting`: a customer's message that no closure may end (not covered).
    """
    match agreed, theirs, ours:
        case "open", "open", "open":
            if not claim:
                return Verdict("open", "open")
            return (
                Verdict("open", "open", drop=True)
                if waiting
                else Verdict("resolved", "resolved", hold=True)
            )
        case "open", "resolved", "open":  # closed over there
            return (
                Verdict("open", "open", write="open")
                if waiting
                else Verdict("resolved", "resolved")
            )
        case "open", "open", "resolved":  # resolved here
            return Verdict("resolved", "open", write="resolved")
        case "open", "resolved", "resolved":
            return Verdict("resolved", "resolved")
        case "resolved", "open", _:  # reopened over there
            return Verdict("resolved", "resolved", hold=True) if claim else Verdict("open", "open")
        case "resolved", "resolved", "open":  # the customer came back
            return Verdict("open", "resolved", write="open")
        case "resolved", "resolved", "resolved":
            return (
                Verdict("open", "resolved", write="open")
                if waiting
                else Verdict("resolved", "resolved")
            )
    raise AssertionError((agreed, theirs, ours))


def stale(*, flagged: bool, status: str, agreed: str, reopened: str) -> bool:
    """Is a case_closed an old one, late or doubled?

    A flagged status speaks for itself. Otherwise the word is old if it comes with a reopening, or
    if the status is the one under which a closure was last undone or overruled. Before the first
    closure the administrator's word counts whatever the status.
    """
    return not flagged and (agreed == "resolved" or status == reopened)
