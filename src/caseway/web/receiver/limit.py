"""A connection's limit of webhooks a minute, where an administrator has set one."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Final

from caseway.domain.ids import ConnectionKey

WINDOW: Final = timedelta(minutes=1)


class CallsAMinute:
    """Counted in each process by itself, in windows that begin with their first call."""

    def __init__(self) -> None:
        self._begun: dict[ConnectionKey, datetime] = {}
        self._used: defaultdict[ConnectionKey, int] = defaultdict(int)

    def take(self, key: ConnectionKey, most: int, *, now: datetime) -> timedelta | None:
        """None: it is within the limit, and counted. Otherwise how long to wait."""
        begun = self._begun.get(key)
        if begun is None or begun + WINDOW <= now:
            begun = self._begun[key] = now
            self._used[key] = 0
        if self._used[key] >= most:
            return begun + WINDOW - now
        self._used[key] += 1
        return None
