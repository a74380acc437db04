"""Who calls, where a reverse proxy stands in between."""

from ipaddress import ip_network

import pytest

from caseway.web.callers import Callers
from tests.web.conftest import House

PROXIES = (ip_network("10.0.0.0/8"), ip_network("::1/128"))


def caller(client: str, *forwarded: str) -> str:
    scope = {
        "client": (client, 4711),
        "headers": [(b"x-forwarded-for", value.encode()) for value in forwarded],
    }
    Callers(PROXIES).tell(scope)
    return str(scope["client"][0])


@pytest.mark.parametrize(
    ("client", "forwarded", "seen"),
    [
        ("203.0.113.7", (), "203.0.113.7"),
        ("203.0.113.7", ("198.51.100.1",), "203.0.113.7"),  # who is no proxy says nothing
        ("10.0.0.1", (), "10.0.0.1"),
        ("10.0.0.1", ("203.0.113.7",), "203.0.113.7"),
        ("10.0.0.1", ("198.51.100.1, 203.0.113.7",), "203.0.113.7"),  # the front may be a lie
        ("10.0.0.1", ("198.51.100.1", "203.0.113.7, 10.0.0.2"), "203.0.113.7"),
        ("10.0.0.1", ("203.0.113.7, nonsense",), "10.0.0.1"),
        ("10.0.0.1", ("203.0.113.7:80",), "203.0.113.7"),
        ("10.0.0.1", ("[2001:db8::7]:80",), "2001:db8::7"),
        ("10.0.0.1", ("2001:db8::7",), "2001:db8::7"),
        ("::ffff:10.0.0.1", ("203.0.113.7",), "203.0.113.7"),
        ("::1", ("10.0.0.3",), "10.0.0.3"),
        ("unix", ("203.0.113.7",), "unix"),
    ],
)
def test_the_last_address_that_is_no_proxys_is_the_callers(
    client: str, forwarded: tuple[str, ...], seen: str
) -> None:
    assert caller(client, *forwarded) == seen


async def test_an_event_names_the_caller_behind_the_proxy(house: House) -> None:
    headers = {"X-Forwarded-For": "203.0.113.7"}
    status, _ = await house.notify(b'{"event_type": "case_updated", "caseId": ""}', headers)
    assert status == 200
    [event] = await house.events()
    assert event["source"] == "203.0.113.7"
