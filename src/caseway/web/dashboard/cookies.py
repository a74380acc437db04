"""The session's cookie: for this host alone, unread by scripts, not sent by other sites' forms."""

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from caseway.domain.secret import Secret
from caseway.domain.session import LASTS

NAME: Final = "caseway"


@dataclass(frozen=True, slots=True)
class SessionCookie:
    secure: bool  # browsers reach us by https

    @property
    def name(self) -> str:
        """With the prefix, browsers take it from nobody but this host, and by https only."""
        return f"__Host-{NAME}" if self.secure else NAME

    def read(self, request: Request) -> str:
        return request.cookies.get(self.name, "")

    def give(self, response: Response, token: Secret) -> None:
        response.set_cookie(
            self.name,
            token.reveal(),
            max_age=int(LASTS.total_seconds()),
            path="/",
            secure=self.secure,
            httponly=True,
            samesite="lax",
        )

    def take_back(self, response: Response) -> None:
        response.delete_cookie(
            self.name, path="/", secure=self.secure, httponly=True, samesite="lax"
        )
