"""Signing in by token and by forms, and how strangers are turned away."""

import base64
import json
import time
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from creatio_sandbox import ids
from creatio_sandbox.testing import Plan, Sandbox, start
from tests.sandbox.caller import FORM, Caller, Reply

LOGIN = "/ServiceModel/AuthService.svc/Login"


def ask_token(caller: Caller, path: str = "/connect/token", **form: str) -> Reply:
    return caller.send("POST", path, urlencode(form).encode(), FORM)


def credentials(sandbox: Sandbox) -> dict[str, str]:
    known = sandbox.address
    return {"client_id": known.client_id, "client_secret": known.client_secret}


def sign_in(caller: Caller, sandbox: Sandbox, password: str | None = None) -> Reply:
    body = {
        "UserName": sandbox.address.user,
        "UserPassword": password or sandbox.address.password,
        "TimeZoneOffset": 0,
    }
    return caller.send("POST", LOGIN, body, {"ForceUseSession": "true", "BPMCSRF": ""})


def cookies_of(answer: Reply) -> dict[str, str]:
    pairs = (cookie.split(";")[0].partition("=") for cookie in answer.cookies)
    return {name: value for name, _, value in pairs}


@pytest.mark.parametrize("path", ["/connect/token", "/0/connect/token"])
def test_a_token_acts_as_the_technical_user(stranger: Caller, sandbox: Sandbox, path: str) -> None:
    answer = ask_token(stranger, path, grant_type="client_credentials", **credentials(sandbox))
    assert answer.status == 200
    assert answer.json["expires_in"] == 3600
    assert answer.json["token_type"] == "Bearer"
    assert answer.json["scope"].startswith("ApplicationAccess_")
    assert "refresh_token" not in answer.json
    stranger.headers["Authorization"] = f"Bearer {answer.json['access_token']}"
    assert stranger.post("Case", {"Subject": "a"}).json["CreatedById"] == ids.INTEGRATION


def test_a_client_may_read_the_tokens_claims(stranger: Caller, sandbox: Sandbox) -> None:
    known = credentials(sandbox)
    first, second = (
        ask_token(stranger, grant_type="client_credentials", **known).json["access_token"]
        for _ in "12"
    )
    head, claims, signature = first.split(".")
    read = [json.loads(base64.urlsafe_b64decode(part + "==")) for part in (head, claims)]
    assert read[0]["alg"] == "RS256"
    assert read[1]["client_id"] == known["client_id"]
    assert read[1]["exp"] - read[1]["iat"] == 3600
    assert abs(read[1]["iat"] - time.time()) < 600
    assert signature != second.split(".")[2]
    stranger.headers["Authorization"] = f"Bearer {head}.{claims}.{second.split('.')[2]}"
    assert stranger.get("Case?$select=Id").status == 401


def test_client_credentials_may_come_as_http_basic(stranger: Caller, sandbox: Sandbox) -> None:
    known = sandbox.address
    coded = base64.b64encode(f"{known.client_id}:{known.client_secret}".encode()).decode()
    body = b"grant_type=client_credentials"
    headers = {**FORM, "Authorization": f"Basic {coded}"}
    assert stranger.send("POST", "/connect/token", body, headers).status == 200


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_id": "wrong"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_a_wrong_token_request_is_refused(
    stranger: Caller, sandbox: Sandbox, change: dict[str, str], error: str
) -> None:
    form = {"grant_type": "client_credentials", **credentials(sandbox), **change}
    answer = ask_token(stranger, **form)
    assert (answer.status, answer.json) == (400, {"error": error})


def test_a_token_request_as_json_is_invalid(stranger: Caller, sandbox: Sandbox) -> None:
    answer = stranger.send("POST", "/connect/token", credentials(sandbox))
    assert (answer.status, answer.json) == (400, {"error": "invalid_request"})


def test_discovery_names_the_token_endpoint(stranger: Caller) -> None:
    for prefix in ("", "/0"):
        found = stranger.send("GET", f"{prefix}/.well-known/openid-configuration").json
        assert found["token_endpoint"] == f"{stranger.url}{prefix}/connect/token"


def test_a_revoked_token_is_refused(caller: Caller, sandbox: Sandbox) -> None:
    token = caller.headers["Authorization"].removeprefix("Bearer ")
    assert caller.get("Case?$select=Id").status == 200
    form = urlencode({"token": token, **credentials(sandbox)}).encode()
    headers = {**FORM, "Authorization": ""}
    assert caller.send("POST", "/connect/revocation", form, headers).status == 200
    refused = caller.get("Case?$select=Id")
    assert (refused.status, refused.headers["www-authenticate"]) == (401, "Bearer")


def test_the_forms_login_sets_its_cookies(stranger: Caller, sandbox: Sandbox) -> None:
    answer = sign_in(stranger, sandbox)
    assert answer.json == {
        "Code": 0,
        "Message": "",
        "Exception": None,
        "PasswordChangeUrl": None,
        "RedirectUrl": None,
    }
    cookies = cookies_of(answer)
    assert cookies.keys() == {"BPMLOADER", ".ASPXAUTH", "BPMCSRF", "UserName"}
    assert cookies["UserName"] == "83|117|112|101|114|118|105|115|111|114"
    script_reads = [cookie for cookie in answer.cookies if "HttpOnly" not in cookie]
    assert [cookie.partition("=")[0] for cookie in script_reads] == ["BPMCSRF"]


def test_a_wrong_password_is_a_200_with_code_1(stranger: Caller, sandbox: Sandbox) -> None:
    answer = sign_in(stranger, sandbox, "wrong")
    assert (answer.status, answer.cookies) == (200, ())
    assert answer.json["Code"] == 1
    assert answer.json["Exception"]["Message"] == answer.json["Message"]


def test_the_login_is_at_the_root_only(stranger: Caller, sandbox: Sandbox) -> None:
    body = {"UserName": sandbox.address.user, "UserPassword": sandbox.address.password}
    assert stranger.send("POST", f"/0{LOGIN}", body).status == 401


@pytest.fixture
def session(stranger: Caller, sandbox: Sandbox) -> Caller:
    """Signed in by forms, without the CSRF header."""
    cookies = cookies_of(sign_in(stranger, sandbox))
    stranger.headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return stranger


def csrf(session: Caller) -> str:
    return session.headers["Cookie"].partition("BPMCSRF=")[2].partition(";")[0]


def test_a_session_writes_only_with_the_csrf_header(session: Caller) -> None:
    assert session.get("Case?$select=Id").status == 200
    refused = session.post("Case", {"Subject": "a"})
    assert (refused.status, refused.body) == (403, b"")
    assert session.post("Case", {"Subject": "a"}, BPMCSRF="wrong").status == 403
    made = session.post("Case", {"Subject": "a"}, BPMCSRF=csrf(session))
    assert (made.status, made.json["CreatedById"]) == (201, ids.SUPERVISOR)


def test_a_strict_build_wants_the_header_on_reads_too(session: Caller, sandbox: Sandbox) -> None:
    sandbox.set_faults(strict_csrf=True)
    assert session.get("Case?$select=Id").status == 403
    assert session.get("Case?$select=Id", BPMCSRF=csrf(session)).status == 200


def test_an_ended_session_gets_401_or_the_way_to_the_login_page(
    session: Caller, sandbox: Sandbox
) -> None:
    sandbox.end_sessions()
    assert session.get("Case?$select=Id", ForceUseSession="true").status == 401
    sent_away = session.get("Case?$select=Id")
    assert sent_away.status == 302
    assert sent_away.headers["location"].startswith("/Login/NuiLogin.aspx?ReturnUrl=%2F0%2Fodata")
    page = session.send("GET", sent_away.headers["location"])
    assert page.headers["content-type"].startswith("text/html")
    assert b"bootstrap.login" in page.body
    session.root = "/odata"
    assert session.get("Case").headers["location"].startswith("/Login/Login.html?")


def test_basic_authentication_does_not_work(stranger: Caller, sandbox: Sandbox) -> None:
    coded = base64.b64encode(f"{sandbox.address.user}:{sandbox.address.password}".encode()).decode()
    assert stranger.get("Case", Authorization=f"Basic {coded}").status == 302


@pytest.mark.parametrize("path", ["/api/HealthCheck/Ping", "/0/api/HealthCheck/Ping", "/0/ping"])
def test_whoever_asks_is_told_that_it_is_alive(stranger: Caller, path: str) -> None:
    assert stranger.send("GET", path).status == 200
    assert stranger.send("POST", path, {}).status == 200


@pytest.fixture(scope="module")
def short_lived() -> Iterator[Sandbox]:
    plan = Plan(
        platform="framework",
        token_acts_as_user=True,
        token_lifetime=timedelta(0),
        session_lifetime=timedelta(0),
    )
    with start(plan) as sandbox:
        yield sandbox


def test_tokens_and_sessions_expire(short_lived: Sandbox) -> None:
    caller = Caller(short_lived.url).sign_in(short_lived)
    assert caller.get("Case").status == 401
    del caller.headers["Authorization"]
    cookies = cookies_of(sign_in(caller, short_lived))
    caller.headers["Cookie"] = f".ASPXAUTH={cookies['.ASPXAUTH']}"
    assert caller.get("Case", ForceUseSession="true").status == 401
    caller.close()


def test_one_platform_serves_one_prefix(short_lived: Sandbox) -> None:
    caller = Caller(short_lived.url)
    assert caller.send("GET", "/odata/Case").status == 404
    assert caller.send("GET", "/0/odata/Case").status == 302
    caller.close()


def test_tokens_are_given_on_a_port_of_their_own_and_nothing_else_is() -> None:
    with start(identity_port=0) as sandbox:
        known = sandbox.address
        assert known.identity_url != known.url
        identity, creatio = Caller(known.identity_url), Caller(known.url)
        found = identity.send("GET", "/.well-known/openid-configuration").json
        assert found["token_endpoint"] == f"{known.identity_url}/connect/token"
        wrong = ask_token(identity, grant_type="client_credentials", client_id="x")
        assert (wrong.status, wrong.json) == (400, {"error": "invalid_client"})
        given = ask_token(identity, grant_type="client_credentials", **credentials(sandbox))
        creatio.headers["Authorization"] = f"Bearer {given.json['access_token']}"
        assert creatio.get("Case?$select=Id").status == 200
        assert ask_token(
            creatio, grant_type="client_credentials", **credentials(sandbox)
        ).json["token_type"] == "Bearer"  # fmt: skip
        identity.headers = creatio.headers
        for path in ("/0/odata/Case", "/desk", LOGIN, "/sandbox/faults", "/api/HealthCheck/Ping"):
            assert identity.send("GET", path).status == 404
        identity.close()
        creatio.close()
