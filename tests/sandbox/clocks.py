"""What Creatio's clock is set to."""

from datetime import UTC, datetime


def to_noon() -> float:
    """The offset in seconds by which it is noon over there: no day ends during a test."""
    now = datetime.now(UTC)
    return (now.replace(hour=12, minute=0, second=0) - now).total_seconds()
