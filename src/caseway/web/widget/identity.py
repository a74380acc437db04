"""A visitor whom the site knows: it signs who they are (JWT, HS256) with the channel's secret."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from caseway.domain.secret import Secret
from caseway.web.problems import Problem

ANONYMOUS: Final = "visitor/"  # so begins the address of a browser that nobody vouches for
LEEWAY: Final = timedelta(minutes=1)
LONGEST_SUBJECT_BYTES: Final = 512
REFUSED: Final = "The signed identity was refused: {why}."


@dataclass(frozen=True, slots=True)
class Identity:
    subject: str
    name: str
    email: str


def verify(token: str, secrets: Sequence[Secret], *, now: datetime) -> Identity:
    """By any of the secrets that hold. Raises `Problem` (401) and why, for the site's developer."""
    from joserfc import jwt
    from joserfc.errors import JoseError

    try:
        claims = _claims(token, secrets)
        registry = jwt.JWTClaimsRegistry(
            now=int(now.timestamp()), leeway=int(LEEWAY.total_seconds())
        )
        registry.validate(claims)
    except JoseError as failure:
        raise Problem(401, REFUSED.format(why=failure.error.replace("_", " "))) from None
    except (ValueError, TypeError):
        raise Problem(401, REFUSED.format(why="it is no signed token")) from None
    subject = _text(claims.get("sub"))
    if not subject or len(subject.encode()) > LONGEST_SUBJECT_BYTES:
        raise Problem(401, REFUSED.format(why="`sub` names nobody, or is longer than 512 bytes"))
    return Identity(subject, _text(claims.get("name"))[:250], _text(claims.get("email"))[:320])


def _claims(token: str, secrets: Sequence[Secret]) -> dict[str, Any]:
    from joserfc import jwt
    from joserfc.errors import BadSignatureError
    from joserfc.jwk import OctKey

    for position, secret in enumerate(secrets, start=1):
        try:
            key = OctKey.import_key(secret.reveal())
            return jwt.decode(token, key, algorithms=["HS256"]).claims
        except BadSignatureError:
            if position == len(secrets):
                raise
    raise ValueError("no secret holds")


def _text(claim: object) -> str:
    """Numbers are usual as subjects; NUL and lone surrogates are no text for a database."""
    text = str(claim) if isinstance(claim, str | int) and not isinstance(claim, bool) else ""
    return text.encode("utf-8", "ignore").decode().replace("\x00", "").strip()
