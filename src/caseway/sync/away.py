"""Tells a store that is away, a fact for the operator, from a bug of ours."""

from caseway.ports import Later

Away = tuple[type[Exception], ...]  # what the store raises while it cannot be reached


def away_because(failure: Exception, away: Away) -> str:
    """Why the store is away; empty if something else is wrong as well.

    A `Later` that nobody has caught is the store's own: Creatio's and a channel's end inside.
    """
    if isinstance(failure, ExceptionGroup):
        reasons = [away_because(one, away) for one in failure.exceptions]
        return reasons[0] if all(reasons) else ""
    if isinstance(failure, Later):
        return str(failure)
    return type(failure).__name__ if isinstance(failure, away) else ""
