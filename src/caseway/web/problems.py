"""Problem details (RFC 9457): how every refusal is said."""

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from math import ceil
from typing import Final

import msgspec
from starlette.responses import Response

MEDIA_TYPE: Final = "application/problem+json"


class Problem(Exception):
    """A refusal on its way to the caller. `detail` says what was wrong and what to do."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        retry_after: timedelta | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})
        if retry_after is not None:
            self.headers["Retry-After"] = seconds(retry_after)
        if status == HTTPStatus.UNAUTHORIZED:
            self.headers.setdefault("WWW-Authenticate", "Bearer")

    def response(self) -> Response:
        return Response(
            body(self.status, self.detail),
            self.status,
            media_type=MEDIA_TYPE,
            headers={"Cache-Control": "no-store"} | self.headers,
        )


def body(status: int, detail: str, **more: str) -> bytes:
    phrase = HTTPStatus(status).phrase
    return msgspec.json.encode({"title": phrase, "status": status, "detail": detail} | more)


def seconds(wait: timedelta) -> str:
    """For Retry-After: whole, and never 0, which some callers take for "at once, for ever"."""
    return str(max(1, ceil(wait.total_seconds())))
