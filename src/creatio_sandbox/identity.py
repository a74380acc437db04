"""Who is calling: OAuth tokens, and the sessions of the forms login."""

import secrets
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hmac import compare_digest
from http.cookies import CookieError, SimpleCookie
from typing import Final

from creatio_sandbox import ids
from creatio_sandbox.clock import Clock
from creatio_sandbox.records import Author
from creatio_sandbox.tokens import new_token

Who = Callable[[str], Author | None]
SUPERVISOR: Final = Author(ids.SUPERVISOR_USER, ids.SUPERVISOR)
INTEGRATION: Final = Author(ids.INTEGRATION_USER, ids.INTEGRATION)
LETTERS: Final = string.ascii_lowercase + string.digits
CSRF_LETTERS: Final = string.ascii_letters + string.digits + "./"
HARMLESS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Credentials:
    user: str
    password: str
    client_id: str
    client_secret: str
    oauth_user: Author = INTEGRATION  # the technical user that a token acts as
    token_lifetime: timedelta = timedelta(hours=1)
    session_lifetime: timedelta = timedelta(hours=1)


@dataclass(slots=True)
class Session:
    author: Author
    user: str
    loader: str
    ticket: str
    csrf: str
    expires: datetime


class NotSignedIn(Exception):
    """No session, or one that has ended; a token nobody gave out, or an expired one."""

    def __init__(self, *, bearer: bool) -> None:
        self.bearer = bearer


class NoCsrfHeader(Exception):
    """A session's write without the BPMCSRF header."""


def _random(letters: str, length: int) -> str:
    return "".join(secrets.choice(letters) for _ in range(length))


def read_cookies(header: str) -> dict[str, str]:
    """`.ASPXAUTH` is not a name that the standard library accepts in every version: by hand."""
    try:
        found = {name: morsel.value for name, morsel in SimpleCookie(header).items()}
    except CookieError:
        found = {}
    for part in header.split(";"):
        name, _, value = part.strip().partition("=")
        found.setdefault(name, value)
    return found


def nobody(name: str) -> Author | None:
    del name
    return None


@dataclass(slots=True)
class Identity:
    credentials: Credentials
    clock: Clock
    who: Who = nobody  # the others who may sign in, by name: all with the one password
    strict_csrf: bool = False  # some builds want the header on reads as well
    tokens: dict[str, tuple[Author, datetime]] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)

    def recognises_client(self, client_id: str, secret: str) -> bool:
        known = self.credentials
        return compare_digest(client_id.encode(), known.client_id.encode()) & compare_digest(
            secret.encode(), known.client_secret.encode()
        )

    def recognises_user(self, name: str, password: str) -> bool:
        """The one whom the sandbox was started for: their password opens everything."""
        known = self.credentials
        return compare_digest(name.lower().encode(), known.user.lower().encode()) & compare_digest(
            password.encode(), known.password.encode()
        )

    def author_of(self, name: str, password: str) -> Author | None:
        if self.recognises_user(name, password):
            return SUPERVISOR
        knows = compare_digest(password.encode(), self.credentials.password.encode())
        return self.who(name) if knows else None

    def give_token(self) -> str:
        now = self.clock.source()
        self.tokens = {name: kept for name, kept in self.tokens.items() if kept[1] > now}
        known = self.credentials
        token = new_token(known.client_id, now, known.token_lifetime)
        self.tokens[token] = (known.oauth_user, now + known.token_lifetime)
        return token

    def open_session(self, author: Author, user: str) -> Session:
        now = self.clock.source()
        self.sessions = {name: kept for name, kept in self.sessions.items() if kept.expires > now}
        session = Session(
            author=author,
            user=user,
            loader=_random(LETTERS, 24),
            ticket=secrets.token_hex(96).upper(),
            csrf=_random(CSRF_LETTERS, 22),
            expires=now + self.credentials.session_lifetime,
        )
        self.sessions[session.ticket] = session
        return session

    def author(self, method: str, headers: Mapping[str, str]) -> Author:
        kind, _, token = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return self._by_token(token.strip())
        ticket = read_cookies(headers.get("cookie", "")).get(".ASPXAUTH", "")
        session = self.sessions.get(ticket)
        now = self.clock.source()
        if session is None or session.expires <= now:
            raise NotSignedIn(bearer=False)
        guarded = self.strict_csrf or method not in HARMLESS
        if guarded and not compare_digest(headers.get("bpmcsrf", ""), session.csrf):
            raise NoCsrfHeader
        session.expires = now + self.credentials.session_lifetime  # it slides
        return session.author

    def forget(self, headers: Mapping[str, str], *, sessions: bool) -> None:
        """Ends what this caller came with; the faults do that."""
        if sessions:
            ticket = read_cookies(headers.get("cookie", "")).get(".ASPXAUTH", "")
            self.sessions.pop(ticket, None)
        else:
            self.tokens.pop(headers.get("authorization", "").partition(" ")[2].strip(), None)

    def _by_token(self, token: str) -> Author:
        author, expires = self.tokens.get(token, (None, None))
        if author is None or expires is None or expires <= self.clock.source():
            raise NotSignedIn(bearer=True)
        return author
