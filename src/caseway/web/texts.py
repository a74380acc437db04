"""NUL, which PostgreSQL keeps in no text, is refused before any page meets it."""

from typing import Final

from starlette.datastructures import Headers
from starlette.types import Scope

REFUSAL: Final = "It holds the character NUL, which no text of ours can hold. Leave it out."


def address_holds_nul(scope: Scope) -> bool:
    return b"%00" in scope["query_string"] or "\0" in scope["path"]


def form_holds_nul(scope: Scope, content: bytes) -> bool:
    """JSON is judged where it is read, field by field."""
    kind = Headers(scope=scope).get("content-type", "").lower()
    if kind.startswith("application/x-www-form-urlencoded"):
        return b"%00" in content or b"\0" in content
    return kind.startswith("multipart/form-data") and b"\0" in content
