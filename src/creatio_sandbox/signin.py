"""The wire of signing in: the token endpoint, the forms login, and how a stranger is sent away."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs, quote

import msgspec

from creatio_sandbox.identity import Identity, Session
from creatio_sandbox.odata.answers import PLAIN_JSON, Answer, Call
from creatio_sandbox.tokens import SCOPE

LOGIN_PAGE: Final = b"""<!DOCTYPE html><html><head><title>Sandbox, not Creatio</title></head>
<body data-page="bootstrap.login"><h1>Sandbox, not Creatio</h1>
<p>This address wants a signed-in session. Programs sign in at
<code>/ServiceModel/AuthService.svc/Login</code> or <code>/connect/token</code>;
people at <a href="/desk">the agent desk</a>.</p></body></html>"""
MAINTENANCE_PAGE: Final = b"""<!DOCTYPE html><html><head><title>Sandbox, not Creatio</title></head>
<body><h1>Maintenance</h1><p>The site is being updated and will be back in some minutes.</p>
</body></html>"""
REFUSED: Final = "Invalid username or password specified."
MONTH: Final = 30 * 24 * 3600


def _json(status: int, body: Any, headers: dict[str, str] | None = None) -> Answer:
    return Answer(
        status, msgspec.json.encode(body), {"Content-Type": PLAIN_JSON, **(headers or {})}
    )


def _client_of(call: Call, form: Mapping[str, list[str]]) -> tuple[str, str]:
    """In the form, or as HTTP Basic, which identity servers accept too."""
    kind, _, coded = call.headers.get("authorization", "").partition(" ")
    if kind.lower() == "basic":
        try:
            client_id, _, secret = base64.b64decode(coded).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        return client_id, secret
    return form.get("client_id", [""])[0], form.get("client_secret", [""])[0]


def give_token(call: Call, identity: Identity) -> Answer:
    no_store = {"Cache-Control": "no-store, no-cache, max-age=0", "Pragma": "no-cache"}
    if call.method != "POST":
        return Answer(405)
    kind = call.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        return _json(400, {"error": "invalid_request"}, no_store)
    form = parse_qs(call.body.decode("utf-8", "replace"))
    if not identity.recognises_client(*_client_of(call, form)):
        return _json(400, {"error": "invalid_client"}, no_store)
    if form.get("grant_type", [""])[0] != "client_credentials":
        return _json(400, {"error": "unsupported_grant_type"}, no_store)
    body = {
        "access_token": identity.give_token(),
        "expires_in": int(identity.credentials.token_lifetime.total_seconds()),
        "token_type": "Bearer",
        "scope": SCOPE,
    }
    return _json(200, body, no_store)


def revoke_token(call: Call, identity: Identity) -> Answer:
    form = parse_qs(call.body.decode("utf-8", "replace"))
    if not identity.recognises_client(*_client_of(call, form)):
        return _json(400, {"error": "invalid_client"})
    identity.tokens.pop(form.get("token", [""])[0], None)
    return Answer(200)


def discovery(call: Call, prefix: str) -> Answer:
    host = call.root.rsplit("/odata", 1)[0].removesuffix("/0")
    base = f"{host}{prefix}"
    body = {
        "issuer": base,
        "token_endpoint": f"{base}/connect/token",
        "revocation_endpoint": f"{base}/connect/revocation",
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
    }
    return _json(200, body)


def _cookies(session: Session) -> tuple[str, ...]:
    coded = "|".join(str(ord(letter)) for letter in session.user)
    return (
        f"BPMLOADER={session.loader}; path=/; HttpOnly; SameSite=Lax",
        f".ASPXAUTH={session.ticket}; path=/; HttpOnly; SameSite=Lax",
        f"BPMCSRF={session.csrf}; path=/; SameSite=Lax",
        f"UserName={coded}; path=/; Max-Age={MONTH}; HttpOnly; SameSite=Lax",
    )


def sign_in(call: Call, identity: Identity) -> tuple[Answer, tuple[str, ...]]:
    """The answer and the cookies to set. A wrong password is a 200 with Code 1."""
    try:
        body = msgspec.json.decode(call.body)
        user, password = str(body["UserName"]), str(body["UserPassword"])
    except (msgspec.DecodeError, KeyError, TypeError):
        user = password = ""
    author = identity.author_of(user, password)
    if author is None:
        trouble = {
            "HelpLink": None,
            "InnerException": None,
            "Message": REFUSED,
            "StackTrace": None,
            "Type": "System.Security.SecurityException",
        }
        return _json(200, _verdict(1, REFUSED, trouble)), ()
    session = identity.open_session(author, user)
    return _json(200, _verdict(0, "", None)), _cookies(session)


def _verdict(code: int, message: str, trouble: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        "Code": code,
        "Message": message,
        "Exception": trouble,
        "PasswordChangeUrl": None,
        "RedirectUrl": None,
    }


def send_away(call: Call, prefix: str, *, bearer: bool) -> Answer:
    """401 for programs that say so, for others the way to the login page."""
    if bearer:
        return Answer(401, b"", {"WWW-Authenticate": "Bearer"})
    if call.headers.get("forceusesession", "").lower() == "true":
        return Answer(401)
    wanted = quote(f"{prefix}/odata/{call.path}", safe="")
    page = "/Login/NuiLogin.aspx" if prefix else "/Login/Login.html"
    return Answer(302, b"", {"Location": f"{page}?ReturnUrl={wanted}"})
