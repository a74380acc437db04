"""A device's token: `cwv_<16 characters, its public name>_<256 random bits>`."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import Final

PREFIX: Final = "cwv"
ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz0123456789"
FORM: Final = re.compile(r"cwv_([a-z0-9]{16})_[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Presented:
    session: str
    digest: bytes


def make() -> str:
    name = "".join(secrets.choice(ALPHABET) for _ in range(16))
    return f"{PREFIX}_{name}_{secrets.token_urlsafe(32)}"


def read(text: str) -> Presented | None:
    """None for what cannot be a token."""
    found = FORM.fullmatch(text)
    if found is None:
        return None
    return Presented(found[1], hashlib.sha256(text.encode()).digest())
