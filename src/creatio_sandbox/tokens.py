"""An access token in the form that clients find over there: a JWT whose claims can be read.

Its signature is chance, and so the whole is a secret; there are no keys to check it with.
"""

import base64
import secrets
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

SCOPE: Final = "ApplicationAccess_5a4d0c10000040008000000000000030"


def new_token(client_id: str, now: datetime, lifetime: timedelta) -> str:
    begins = int(now.timestamp())
    claims = {
        "nbf": begins,
        "exp": begins + int(lifetime.total_seconds()),
        "aud": SCOPE,
        "client_id": client_id,
        "jti": secrets.token_hex(16).upper(),
        "iat": begins,
        "scope": [SCOPE],
    }
    parts = (_coded({"alg": "RS256", "typ": "at+jwt"}), _coded(claims), secrets.token_urlsafe(256))
    return ".".join(parts)


def _coded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(part)).rstrip(b"=").decode()
