"""The identity provider, by OpenID Connect: authorisation code with PKCE and a nonce.

What it says of somebody is believed once its signature, its issuer, its audience, its times and
our nonce were checked (OpenID Connect Core 1.0, section 3.1.3.7).
"""

import hashlib
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import quote, urlencode

import msgspec
import structlog
from yarl import URL

from caseway.domain.ids import OrganisationId
from caseway.domain.roles import Role
from caseway.domain.secret import Secret
from caseway.outbound import Answer, NoAnswer, NotReached, Outside

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

T = TypeVar("T")
log = structlog.get_logger()

WITHIN_S: Final = 10.0
LIMIT_BYTES: Final = 512 * 1024
REMEMBERED_S: Final = 3600.0
KEYS_ANEW_S: Final = 60.0  # a token signed by an unknown key makes us ask for keys this often
LEEWAY: Final = timedelta(minutes=2)
# Signed by the provider's private key: what only needs a shared secret or none is not taken.
ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA", "RS384", "RS512", "ES384", "ES512")


@dataclass(frozen=True, slots=True)
class SignOn:
    """What the operator configured."""

    issuer: str
    client_id: str
    client_secret: Secret | None
    organisation: OrganisationId
    domains: frozenset[str]  # whose people may join without an invitation
    role: Role  # as what they join
    outside: Outside


class ProviderFailed(Exception):
    """Nobody can be signed in by it now; the text is for the person, without foreign words."""


@dataclass(frozen=True, slots=True)
class Proven:
    """Who somebody is, as the provider vouches."""

    subject: str
    email: str
    email_verified: bool
    name: str


class Discovered(msgspec.Struct):
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class Tokens(msgspec.Struct):
    id_token: str
    access_token: str = ""


class Provider:
    def __init__(
        self,
        configured: SignOn,
        *,
        back: str,
        now: Callable[[], datetime],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`back`: the address that the provider sends people back to."""
        self._configured = configured
        self._outside = configured.outside
        self._back = back
        self._now = now
        self._clock = clock
        self._discovered: tuple[float, Discovered] | None = None
        self._keys: tuple[float, KeySet] | None = None

    async def way_there(self, *, state: str, nonce: str, verifier: str) -> str:
        """Where to send somebody's browser. Raises `ProviderFailed`."""
        found = await self._found()
        asked = {
            "response_type": "code",
            "client_id": self._configured.client_id,
            "redirect_uri": self._back,
            "scope": "openid email profile",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge(verifier),
            "code_challenge_method": "S256",
        }
        joined = "&" if "?" in found.authorization_endpoint else "?"
        return f"{found.authorization_endpoint}{joined}{urlencode(asked)}"

    async def who(self, code: str, *, nonce: str, verifier: str) -> Proven:
        """Raises `ProviderFailed`."""
        tokens = await self._exchange(code, verifier)
        claims = await self._claims(tokens.id_token)
        self._check(claims, nonce)
        if not claims.get("email"):
            claims = {**claims, **await self._userinfo(tokens.access_token, claims["sub"])}
        return Proven(
            subject=str(claims["sub"]),
            email=str(claims.get("email", "")).strip().lower(),
            email_verified=claims.get("email_verified") in {True, "true"},
            name=str(claims.get("name") or claims.get("email", "")).strip()[:120],
        )

    async def _found(self) -> Discovered:
        if self._discovered is not None and self._clock() < self._discovered[0]:
            return self._discovered[1]
        address = f"{self._configured.issuer}/.well-known/openid-configuration"
        found = self._read(await self._ask("GET", address), Discovered)
        if found.issuer.rstrip("/") != self._configured.issuer:
            raise self._failed("it calls itself by another name than CASEWAY_OIDC_ISSUER")
        if not found.authorization_endpoint.startswith(("https://", "http://")):
            raise self._failed("it names no page to sign in at")
        self._discovered = self._clock() + REMEMBERED_S, found
        return found

    async def _exchange(self, code: str, verifier: str) -> Tokens:
        found = await self._found()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._back,
            "code_verifier": verifier,
            "client_id": self._configured.client_id,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        secret = self._configured.client_secret
        if secret is not None and "client_secret_basic" in (
            found.token_endpoint_auth_methods_supported
        ):
            headers["Authorization"] = _basic(self._configured.client_id, secret)
        elif secret is not None:
            form["client_secret"] = secret.reveal()
        answer = await self._ask(
            "POST", found.token_endpoint, headers=headers, body=urlencode(form).encode()
        )
        return self._read(answer, Tokens)

    async def _claims(self, token: str) -> dict[str, Any]:
        """Of a token that one of the provider's keys has signed."""
        from joserfc import jwt
        from joserfc.errors import JoseError

        for oldest_s in (REMEMBERED_S, KEYS_ANEW_S):  # it may have a key that we do not know yet
            keys = await self._key_set(oldest_s)
            try:
                return jwt.decode(token, keys, algorithms=ALGORITHMS).claims
            except (JoseError, ValueError, TypeError) as refusal:
                reason = f"its token is not signed as it should be ({type(refusal).__name__})"
        raise self._failed(reason)

    async def _key_set(self, oldest_s: float) -> "KeySet":
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        if self._keys is not None and self._clock() < self._keys[0] + oldest_s:
            return self._keys[1]
        answer = await self._ask("GET", (await self._found()).jwks_uri)
        try:
            keys = KeySet.import_key_set(msgspec.json.decode(answer.body))
        except (JoseError, ValueError, TypeError, KeyError):
            raise self._failed("its keys cannot be read") from None
        self._keys = self._clock(), keys
        return keys

    def _check(self, claims: Mapping[str, Any], nonce: str) -> None:
        from joserfc import jwt
        from joserfc.errors import JoseError

        registry = jwt.JWTClaimsRegistry(
            now=int(self._now().timestamp()),
            leeway=int(LEEWAY.total_seconds()),
            iss={"essential": True},
            aud={"essential": True, "value": self._configured.client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            registry.validate(dict(claims))
        except JoseError as refusal:
            raise self._failed(f"its token was refused ({refusal})") from None
        if str(claims["iss"]).rstrip("/") != self._configured.issuer:
            raise self._failed("its token is another issuer's")
        for_others = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if claims.get("azp", None if for_others else self._configured.client_id) != (
            self._configured.client_id
        ):
            raise self._failed("its token is for another client")

    async def _userinfo(self, access_token: str, subject: str) -> dict[str, Any]:
        found = await self._found()
        if not (found.userinfo_endpoint and access_token):
            return {}
        headers = {"Authorization": f"Bearer {access_token}"}
        answer = await self._ask("GET", found.userinfo_endpoint, headers=headers)
        told = self._read(answer, dict[str, Any])
        return told if told.get("sub") == subject else {}

    async def _ask(
        self,
        method: str,
        address: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        try:
            answer = await self._outside.ask(
                method,
                URL(address),
                headers={"Accept": "application/json", **(headers or {})},
                body=body,
                within_seconds=WITHIN_S,
                limit_bytes=LIMIT_BYTES,
            )
        except (NotReached, NoAnswer) as failure:
            raise self._failed(str(failure)) from failure
        except ValueError:
            raise self._failed("it names an address that is none") from None
        if answer.status != 200:
            raise self._failed(f"it answered {answer.status} to {URL(address).path}")
        return answer

    def _read(self, answer: Answer, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(answer.body, type=kind)
        except (msgspec.MsgspecError, ValueError):
            raise self._failed("its answer is not what the protocol says") from None

    def _failed(self, reason: str) -> ProviderFailed:
        log.warning("sign_on.failed", issuer=self._configured.issuer, reason=reason)
        return ProviderFailed(
            "Single sign-on does not work right now; Caseway's log says why. Try again."
        )


def challenge(verifier: str) -> str:
    """S256 of RFC 7636, section 4.2."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return urlsafe_b64encode(digest).decode().rstrip("=")


def _basic(client_id: str, secret: Secret) -> str:
    """Both are form-encoded first (RFC 6749, section 2.3.1)."""
    pair = f"{quote(client_id, safe='')}:{quote(secret.reveal(), safe='')}"
    return f"Basic {b64encode(pair.encode()).decode()}"
