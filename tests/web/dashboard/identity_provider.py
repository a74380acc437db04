"""A small OpenID provider on loopback: real keys, real codes, PKCE checked; and ways to be wrong."""

import hashlib
import secrets
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey

CLIENT = "caseway"
CLIENT_SECRET = "a secret: of the client's"


@dataclass
class Code:
    challenge: str
    nonce: str
    back: str


@dataclass
class IdentityProvider:
    person: dict[str, Any]
    wrong: dict[str, Any] = field(default_factory=dict)  # claims that take the right ones' place
    signs_with: str = "own key"  # "another key", "the client's secret", "nothing"
    email_by_userinfo: bool = False
    issuer: str = ""
    codes: dict[str, Code] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    key: RSAKey = field(default_factory=lambda: new_key("first"))

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/.well-known/openid-configuration", self.describe),
            web.get("/authorise", self.authorise),
            web.post("/token", self.token),
            web.get("/keys", self.keys),
            web.get("/userinfo", self.userinfo),
        ]

    async def describe(self, _: web.Request) -> web.Response:
        self.asked.append("configuration")
        return web.json_response(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorise",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
                "response_types_supported": ["code"],
            }
        )

    async def keys(self, _: web.Request) -> web.Response:
        self.asked.append("keys")
        return web.json_response(KeySet([self.key]).as_dict(private=False))

    async def authorise(self, request: web.Request) -> web.Response:
        """The person signs in and agrees, without a page for it."""
        asked = request.query
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert asked["client_id"] == CLIENT
        assert "openid" in asked["scope"].split()
        back, state = asked["redirect_uri"], asked["state"]
        if not self.person:
            told = {"error": "access_denied", "state": state}
        else:
            code = secrets.token_urlsafe(16)
            self.codes[code] = Code(asked["code_challenge"], asked["nonce"], back)
            told = {"code": code, "state": state, "iss": self.issuer}
        return web.Response(status=302, headers={"Location": f"{back}?{urlencode(told)}"})

    async def token(self, request: web.Request) -> web.Response:
        form = await request.post()
        kind, _, told = request.headers["Authorization"].partition(" ")
        pair = urlencode({CLIENT: CLIENT_SECRET}).replace("=", ":").replace("+", "%20")
        assert (kind, b64decode(told).decode()) == ("Basic", pair)
        code = self.codes.pop(str(form["code"]), None)
        digest = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        proven = urlsafe_b64encode(digest).decode().rstrip("=")
        if code is None or code.challenge != proven or code.back != form["redirect_uri"]:
            return web.json_response({"error": "invalid_grant"}, status=400)
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": "person-7",
            "iat": int(time.time()),
            "exp": int(time.time()) + 300,
            "nonce": code.nonce,
            **({} if self.email_by_userinfo else self.person),
            **self.wrong,
        }
        return web.json_response(
            {"id_token": self._signed(claims), "access_token": "opaque", "token_type": "Bearer"}
        )

    async def userinfo(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer opaque"
        return web.json_response({"sub": "person-7", **self.person, **self.wrong})

    def _signed(self, claims: dict[str, Any]) -> str:
        match self.signs_with:
            case "own key":
                return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)
            case "another key":
                other = new_key(str(self.key.kid))
                return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, other)
            case "the client's secret":
                shared = OctKey.import_key(CLIENT_SECRET + " " * 32)
                return jwt.encode({"alg": "HS256", "kid": self.key.kid}, claims, shared)
            case _:
                head, body, _ = jwt.encode({"alg": "RS256"}, claims, self.key).split(".")
                del head
                nothing = urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
                return f"{nothing}.{body}."


def new_key(name: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": name, "use": "sig"}, private=True)


@asynccontextmanager
async def provider_of(person: dict[str, Any]) -> AsyncIterator[IdentityProvider]:
    found = IdentityProvider(person)
    app = web.Application()
    app.add_routes(found.routes())
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.issuer = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield found
    await runner.cleanup()
