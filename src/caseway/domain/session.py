"""How long somebody stays signed in."""

from datetime import datetime, timedelta
from typing import Final

IDLE: Final = timedelta(hours=24)  # unused for so long, a session is over
LASTS: Final = timedelta(days=14)  # however much it is used
SEEN_EVERY: Final = timedelta(minutes=1)  # how exactly its use is noted


def holds(*, last_seen_at: datetime, expires_at: datetime, now: datetime) -> bool:
    return now < expires_at and now < last_seen_at + IDLE
