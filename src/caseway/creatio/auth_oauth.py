"""OAuth 2.0 client credentials at Creatio's identity service.

Where that service is differs: on the instance's own address, below `/0`, or on a host of its own
whose first label ends in `-is`. A wrong place answers with a page and status 200, so only JSON
that holds a token counts.
"""

from collections.abc import Callable
from typing import Final
from urllib.parse import urlencode, urlsplit, urlunsplit

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
_ROUTE: Final = "/connect/token"
_HEADERS: Final = {
    "Content-Type": "application/x-www-form-urlencoded",
    "Accept": "application/json",
}
_HOUR: Final = 3600.0


class _Token(msgspec.Struct):
    access_token: str | None = None
    expires_in: float | str | None = None
    error: str | None = None


_TOKEN: Final = msgspec.json.Decoder(_Token)


def places(base_url: str, identity_url: str) -> tuple[str, ...]:
    """Where to ask for a token, in order; only the one that was configured, if one was."""
    if identity_url:
        address = identity_url.rstrip("/")
        return (address if address.endswith(_ROUTE) else address + _ROUTE,)
    found = [base_url + _ROUTE, base_url + "/0" + _ROUTE]
    parts = urlsplit(base_url)
    first, dot, rest = parts.netloc.partition(".")
    if dot and not rest.replace(".", "").replace(":", "").isdigit():
        found.append(urlunsplit((parts.scheme, f"{first}-is.{rest}", _ROUTE, "", "")))
    return tuple(found)


class OAuth:
    """Signs one connection in; remembers which place gave the token."""

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
        self._client = connection.login
        self._secret = connection.secret
        self._places = places(connection.base_url, connection.identity_url)
        self._where = (
            f"Check the identity service URL under {CONNECTION_PAGE}."
            if connection.identity_url
            else f"Check the instance URL under {CONNECTION_PAGE}; if it is right, enter the"
            " identity service URL as well."
        )

    @property
    def place(self) -> str:
        """The identity service that gave the last token, or the first one to be tried."""
        return self._places[0].removesuffix(_ROUTE)

    async def sign_in(self, until: float) -> Pass:
        failures: list[Later] = []
        for place in self._places:
            try:
                found = self._read(await self._ask(place, until))
            except NotReached as error:
                remedy = error.remedy or self._where
                reason = f"identity service: {error}"
                failures.append(Later(reason, maybe_taken=False, remedy=remedy))
            except NoAnswer as error:
                failures.insert(0, Later(f"identity service: {error}", maybe_taken=False))
            except CredentialsRefused:
                raise
            except Later as failure:
                failures.insert(0, failure)
            else:
                self._places = (place,)
                return found
        raise failures[0]

    async def _ask(self, place: str, until: float) -> Answer:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._client,
            "client_secret": self._secret.reveal(),
        }
        self._counter.count(Call("token", 1))
        return await self._outside.ask(
            "POST",
            URL(place),
            headers=_HEADERS,
            body=urlencode(form).encode(),
            within_seconds=min(SIGN_IN_SECONDS, until - self._monotonic()),
            limit_bytes=LIMIT_BYTES,
        )

    def _read(self, answer: Answer) -> Pass:
        token = decoded(answer, _TOKEN)
        if answer.status == 200 and token is not None and _fits_a_header(token.access_token):
            now = self._monotonic()
            return Pass(
                {"Authorization": f"Bearer {token.access_token}"},
                now,
                now + _good_for(token.expires_in),
            )
        if answer.status in {400, 401} and token is not None and token.error:
            raise CredentialsRefused(
                "the identity service refused client id and secret",
                maybe_taken=False,
                remedy=f"Paste the client id and a new secret for {self._name} under"
                f" {CONNECTION_PAGE}. Messages are kept and will be sent.",
            )
        busy = answer.status >= 500 or answer.status == 429
        raise Later(
            f"the identity service gave no token ({answer.status})",
            maybe_taken=False,
            retry_after=answer.retry_after,
            remedy="" if busy else self._where,
        )


def _fits_a_header(token: str | None) -> bool:
    return bool(token) and token is not None and token.isascii() and token.isprintable()


def _good_for(expires_in: float | str | None) -> float:
    """Seconds until the renewal: a minute early, or a tenth of a short life."""
    try:
        life = float(expires_in) if expires_in is not None else _HOUR
    except ValueError:
        life = _HOUR
    if not 0 < life < 30 * 24 * _HOUR:
        life = _HOUR
    return max(life * 0.9, life - 60.0)
