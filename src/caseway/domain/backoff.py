"""How long to wait before the next attempt: longer each time, and not all at once."""

from datetime import timedelta

FIRST = timedelta(seconds=1)
LONGEST = timedelta(hours=1)
GIVE_UP_AFTER = timedelta(days=5)


def backoff(failures: int, *, chance: float, longest: timedelta = LONGEST) -> timedelta:
    """The wait after the n-th failure in a row (1 = the first); `chance` in [0, 1) is jitter.

    1 s, 2 s, 4 s … up to `longest`, each cut by up to a half.
    """
    if failures < 1:
        raise ValueError("the first failure is number 1")
    whole = min(longest, FIRST * (1 << min(failures - 1, 30)))
    return whole * (1 - chance / 2)
