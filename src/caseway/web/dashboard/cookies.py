"""Our cookies: for this host alone, unread by scripts, not sent by other sites' forms."""

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from caseway.domain.secret import Secret

SESSION: Final = "caseway"
ON_THE_WAY: Final = "caseway-sso"


@dataclass(frozen=True, slots=True)
class Cookie:
    plain_name: str
    secure: bool  # browsers reach us by https

    @property
    def name(self) -> str:
        """With the prefix, browsers take it from nobody but this host, and by https only."""
        return f"__Host-{self.plain_name}" if self.secure else self.plain_name

    def read(self, request: Request) -> str:
        return request.cookies.get(self.name, "")

    def give(self, response: Response, content: Secret, *, seconds: int) -> None:
        response.set_cookie(
            self.name,
            content.reveal(),
            max_age=seconds,
            path="/",
            secure=self.secure,
            httponly=True,
            samesite="lax",
        )

    def take_back(self, response: Response) -> None:
        response.delete_cookie(
            self.name, path="/", secure=self.secure, httponly=True, samesite="lax"
        )
