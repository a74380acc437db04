"""Who signs in to the dashboard, by the command."""

import json
import subprocess
import sys
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit

from tests.cli.commands import Installation

PASSWORD = "seven green bicycles"


def test_people_are_invited_listed_changed_and_disabled(caseway: Installation) -> None:
    nobody = caseway("user", "list")
    assert "caseway user invite --role owner" in nobody.err
    environment = caseway.environment({})
    with subprocess.Popen(
        [sys.executable, "-m", "caseway", "serve", "--no-worker", "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as serving:
        try:
            assert serving.stderr is not None
            lines = iter(serving.stderr.readline, "")
            first = next(line for line in lines if "/welcome/" in line).split()[-1]
            invited = caseway("user", "invite", "Ines@example.com", "--role", "viewer", "--json")
            assert invited.json["email"] == "Ines@example.com"
            base = first.partition("/welcome/")[0]
            link = base + "/welcome/" + invited.json["url"].partition("/welcome/")[2]
            cookie = join(first, "Maria", "maria@example.com")
            assert "203.0.113.9" in page(base, "/settings/audit", cookie), "the proxy's word"
            join(link, "Ines", "somebody.else@example.com")
        finally:
            serving.terminate()
            assert serving.stderr is not None
            told = serving.stderr.read()
    assert "Traceback" not in told

    found = {one["email"]: one for one in caseway("user", "list", "--json").json}
    assert {email: one["role"] for email, one in found.items()} == {
        "maria@example.com": "owner",
        "ines@example.com": "viewer",
    }, "the invited address is the one that joined"
    assert "$argon2" not in json.dumps(found)

    for words in (("role", "maria@example.com", "viewer"), ("disable", "maria@example.com")):
        refused = caseway.try_("user", *words)
        assert refused.code == 1
        assert "Maria is the last owner: make somebody else an owner first." in refused.err
    caseway("user", "role", "ines@example.com", "owner")
    caseway("user", "disable", "maria@example.com")
    assert caseway.try_("user", "reset", "maria@example.com").code == 1
    caseway("user", "enable", "maria@example.com")
    reset = caseway("user", "reset", "maria@example.com")
    assert "/welcome/cwi_" in reset.line
    assert reset.line not in reset.err
    taken = caseway.try_("user", "invite", "ines@example.com", "--role", "agent")
    assert (taken.code, "Somebody signs in with" in taken.err) == (1, True)
    assert caseway.try_("user", "role", "nobody@example.com", "agent").code == 1
    assert caseway.try_("user", "role", "ines@example.com", "king").code == 2


def join(link: str, name: str, email: str) -> str:
    """The cookie of who came in by the link, through a reverse proxy."""
    parts = urlsplit(link)
    form = urlencode({"name": name, "email": email, "password": PASSWORD})
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Forwarded-For": "203.0.113.9",
    }
    with closing(HTTPConnection(parts.netloc, timeout=30)) as line:
        line.request("POST", parts.path, form, headers)
        answer = line.getresponse()
        assert answer.status == 303, answer.read()
        cookie = answer.getheader("Set-Cookie") or ""
    assert cookie.startswith("caseway=cws_")
    return cookie.partition(";")[0]


def page(base: str, path: str, cookie: str) -> str:
    with closing(HTTPConnection(urlsplit(base).netloc, timeout=30)) as line:
        line.request("GET", path, headers={"Cookie": cookie})
        answer = line.getresponse()
        assert answer.status == 200
        return answer.read().decode()
