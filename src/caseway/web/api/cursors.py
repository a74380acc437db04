"""Cursors: opaque to callers, so that what they hold can change."""

import base64
import binascii
from datetime import UTC, datetime
from uuid import UUID

from caseway.web.problems import Problem

BIGGEST = 2**63 - 1


def of_position(position: int) -> str:
    return _wrap(f"m{position}")


def position_of(cursor: str) -> int:
    text = _unwrap(cursor)
    digits = text.removeprefix("m")
    if text == digits or not (digits.isascii() and digits.isdigit()) or int(digits) > BIGGEST:
        raise _unknown()
    return int(digits)


def of_moment(at: datetime, id: UUID) -> str:
    return _wrap(f"e{at.astimezone(UTC).isoformat()} {id.hex}")


def moment_of(cursor: str) -> tuple[datetime, UUID]:
    text = _unwrap(cursor)
    moment, _, id_hex = text.removeprefix("e").partition(" ")
    try:
        at = datetime.fromisoformat(moment)
        if not text.startswith("e") or at.utcoffset() is None:
            raise _unknown()
        return at.astimezone(UTC), UUID(id_hex)
    except (ValueError, OverflowError):
        raise _unknown() from None


def _wrap(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _unwrap(cursor: str) -> str:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
    except (ValueError, binascii.Error):
        raise _unknown() from None


def _unknown() -> Problem:
    return Problem(400, "cursor is none that we gave: begin without one.")
