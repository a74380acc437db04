"""Tokens that others show us: `<prefix>_<public name>_<256 random bits>`.

A token is found by its public name, which may stand in a log, and compared by its digest.
"""

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self
from uuid import UUID

from caseway.domain.ids import ConnectionId, OrganisationId

WEBHOOK: Final = "cw"
API_KEY: Final = "cwk"
SESSION: Final = "cws"
INVITATION: Final = "cwi"
ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz0123456789"
NAME_LENGTH: Final = 8
FORM: Final = re.compile(r"([a-z]{2,3})_([a-z0-9]{8})_([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class Presented:
    """A token as somebody shows it: well formed, not yet believed."""

    public_name: str
    digest: bytes

    @classmethod
    def read(cls, text: str, prefix: str) -> Self | None:
        """None for what cannot be a token of this kind."""
        found = FORM.fullmatch(text)
        if found is None or found[1] != prefix:
            return None
        return cls(found[2], digest(text))


@dataclass(frozen=True, slots=True)
class WebhookToken:
    """What is known of a webhook's token at the door. The token itself is not here."""

    organisation: OrganisationId
    connection: ConnectionId
    id: UUID
    public_name: str
    digest: bytes
    expires_at: datetime | None  # UTC; of a replaced one whose grace period runs
    revoked_at: datetime | None

    def admits(self, presented: Presented, *, now: datetime) -> bool:
        """In constant time as to the secret part."""
        same = hmac.compare_digest(self.digest, presented.digest)
        return same and self.holds(now=now)

    def holds(self, *, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)


def public_name(token: str) -> str:
    """Of a well-formed token."""
    return token.split("_", 2)[1]


def digest(token: str) -> bytes:
    """SHA-256 is enough: 256 random bits cannot be guessed, however fast the hash."""
    return hashlib.sha256(token.encode()).digest()


def compose(prefix: str, choose: Callable[[str], str], random_part: str) -> str:
    """A new token; `choose` picks a letter, `random_part` is 32 bytes in URL-safe base64."""
    name = "".join(choose(ALPHABET) for _ in range(NAME_LENGTH))
    token = f"{prefix}_{name}_{random_part}"
    if FORM.fullmatch(token) is None:
        raise ValueError("the random part is not 32 bytes in URL-safe base64 without padding")
    return token
