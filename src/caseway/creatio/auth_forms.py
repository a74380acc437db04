"""User name and password at Creatio's login, which stands at the site's root on every platform.

The session is a handful of cookies, kept and sent by us word for word. `BPMCSRF` is repeated as
a header, as the guard against forged requests wants it; `ForceUseSession` asks for a plain 401
instead of a redirect to the login page once the session has ended.
"""

from collections.abc import Callable
from typing import Final

import msgspec
from yarl import URL

from caseway.creatio.errors import (
    CONNECTION_PAGE,
    CredentialsRefused,
    decoded,
)
from caseway.creatio.passes import Pass
from caseway.domain.connection import Connection
from caseway.outbound import Answer, NoAnswer, NotReached, Outside
from caseway.ports import Call, CallCounter, Later

LIMIT_BYTES: Final = 256 * 1024
SIGN_IN_SECONDS: Final = 5.0
RENEW_AFTER_SECONDS: Final = 45 * 60.0  # a session lives 60 minutes unless it was configured
_ROUTE: Final = "/ServiceModel/AuthService.svc/Login"
_HEADERS: Final = {
    "Content-Type": "application/json",
    "Accept": "application/json",
    "ForceUseSession": "true",
}


class _Login(msgspec.Struct, rename="pascal"):
    code: int | None = None


_LOGIN: Final = msgspec.json.Decoder(_Login)


class Forms:
    """Signs one connection in."""

    def __init__(
        self,
        connection: Connection,
        outside: Outside,
        counter: CallCounter,
        *,
        monotonic: Callable[[], float],
    ) -> None:
        self._outside = outside
        self._counter = counter
        self._monotonic = monotonic
        self._name = connection.name
        self._user = connection.login
        self._secret = connection.secret
        self._url = URL(connection.base_url + _ROUTE)

    @property
    def place(self) -> str:
        """Where we sign in."""
        return str(self._url)

    async def sign_in(self, until: float) -> Pass:
        words = {
            "UserName": self._user,
            "UserPassword": self._secret.reveal(),
            "TimeZoneOffset": 0,  # the session's zone: UTC
        }
        self._counter.count(Call("login", 1))
        try:
            answer = await self._outside.ask(
                "POST",
                self._url,
                headers=_HEADERS,
                body=msgspec.json.encode(words),
                within_seconds=min(SIGN_IN_SECONDS, until - self._monotonic()),
                limit_bytes=LIMIT_BYTES,
            )
        except NotReached as error:
            raise Later(str(error), maybe_taken=False, remedy=error.remedy) from None
        except NoAnswer as error:
            raise Later(f"login: {error}", maybe_taken=False) from None
        return self._read(answer)

    def _read(self, answer: Answer) -> Pass:
        login = decoded(answer, _LOGIN)
        cookies = _cookies(answer)
        if answer.status == 200 and login is not None and login.code == 0 and cookies:
            headers = {
                "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
                "ForceUseSession": "true",
            }
            if token := cookies.get("BPMCSRF"):
                headers["BPMCSRF"] = token
            now = self._monotonic()
            return Pass(headers, now, now + RENEW_AFTER_SECONDS)
        if answer.status in {401, 403} or (login is not None and login.code):
            raise CredentialsRefused(
                "Creatio refused user name and password",
                maybe_taken=False,
                remedy=f"Enter the user name and password for {self._name} again under"
                f" {CONNECTION_PAGE}. Messages are kept and will be sent.",
            )
        busy = answer.status >= 500 or answer.status == 429
        raise Later(
            f"Creatio's login answered {answer.status} without a session",
            maybe_taken=False,
            retry_after=answer.retry_after,
            remedy="" if busy else f"Check the instance URL under {CONNECTION_PAGE}.",
        )


def _cookies(answer: Answer) -> dict[str, str]:
    """Names and values as they were set; one that is set to nothing is one that is deleted."""
    found: dict[str, str] = {}
    for line in answer.all("Set-Cookie"):
        name, equals, value = line.partition(";")[0].strip().partition("=")
        if equals and value and name.isascii() and value.isascii() and value.isprintable():
            found[name] = value
        elif equals and not value:
            found.pop(name, None)
    return found
