"""Tokens and sessions: found, shared, renewed once, and never shown."""

import asyncio
import json
from collections.abc import Callable

import pytest
from yarl import URL

from caseway.creatio.auth_forms import Forms
from caseway.creatio.auth_oauth import OAuth, places
from caseway.creatio.errors import CredentialsRefused
from caseway.creatio.passes import Pass, Passes
from caseway.domain.connection import Auth
from caseway.outbound import Outside
from caseway.ports import Later
from tests.creatio.far import CUT, LOGIN_PAGE, SILENT, Got, Says, far, says
from tests.creatio.parts import LOOPBACK, Clock, Counted, connection

TOKEN = says(200, {"access_token": "t0ken", "expires_in": 3600, "token_type": "Bearer"})
SESSION = (
    ("Set-Cookie", ".ASPXAUTH=0AF3; path=/; HttpOnly"),
    ("Set-Cookie", "BPMCSRF=a.b/c; path=/"),
    ("Set-Cookie", "UserName=83|117; expires=Wed, 23 Dec 2026 12:00:00 GMT; HttpOnly"),
    ("Set-Cookie", "Gone=; expires=Thu, 01 Jan 1970 00:00:00 GMT"),
)


async def oauth(answer: Callable[[Got], Says], *, clock: Clock | None = None) -> Pass:
    clock = clock or Clock()
    async with far(answer) as there, Outside(LOOPBACK) as outside:
        signer = OAuth(connection(there.url), outside, Counted(), monotonic=clock)
        return await signer.sign_in(clock() + 60)


async def forms(answer: Callable[[Got], Says]) -> Pass:
    clock = Clock()
    async with far(answer) as there, Outside(LOOPBACK) as outside:
        known = connection(there.url, auth=Auth.FORMS, login="Supervisor")
        return await Forms(known, outside, Counted(), monotonic=clock).sign_in(clock() + 60)


def test_the_places_of_the_identity_service_in_the_order_they_are_tried() -> None:
    assert places("https://acme.creatio.com", "") == (
        "https://acme.creatio.com/connect/token",
        "https://acme.creatio.com/0/connect/token",
        "https://acme-is.creatio.com/connect/token",
    )
    assert len(places("https://10.0.0.7:8443", "")) == 2
    assert len(places("http://localhost:8080", "")) == 2
    for given in ("https://id.acme.example", "https://id.acme.example/connect/token/"):
        assert places("https://x", given) == ("https://id.acme.example/connect/token",)


async def test_a_token_is_asked_for_by_form_and_renewed_a_minute_early() -> None:
    asked: list[Got] = []

    def answer(got: Got) -> Says:
        asked.append(got)
        return TOKEN

    found = await oauth(answer)
    assert found.headers == {"Authorization": "Bearer t0ken"}
    assert found.renew_at == 1_000 + 3_540
    assert asked[0].body == (
        b"grant_type=client_credentials&client_id=client&client_secret=open-sesame"
    )


async def test_a_wrong_place_answers_with_a_page_and_the_next_one_is_tried() -> None:
    def answer(got: Got) -> Says:
        return TOKEN if got.path == "/0/connect/token" else LOGIN_PAGE

    clock = Clock()
    async with far(answer) as there, Outside(LOOPBACK) as outside:
        signer = OAuth(connection(there.url), outside, Counted(), monotonic=clock)
        await signer.sign_in(clock() + 60)
        await signer.sign_in(clock() + 60)
        assert signer.place == there.url + "/0"
        assert [got.path for got in there.got] == [
            "/connect/token",
            "/0/connect/token",
            "/0/connect/token",
        ]


@pytest.mark.parametrize("life", [10, "180", None, -1, 0, "soon", 1e300])
async def test_any_lifetime_of_a_token_is_lived_with(life: object) -> None:
    body = {"access_token": "t", "expires_in": life}
    found = await oauth(lambda _: says(200, json.dumps(body)))
    assert 1_000 < found.renew_at <= 1_000 + 3_600


async def test_a_refused_secret_names_the_place_and_not_the_secret() -> None:
    with pytest.raises(CredentialsRefused) as refused:
        await oauth(lambda _: says(400, {"error": "invalid_client"}))
    assert "Settings → Ticketing → Creatio" in refused.value.remedy
    assert "open-sesame" not in str(refused.value) + refused.value.remedy + repr(refused.value)


@pytest.mark.parametrize(
    "answer",
    [
        LOGIN_PAGE,
        CUT,
        says(500, "{"),
        says(302),
        says(404),
        says(429, extra=(("Retry-After", "9"),)),
        says(200, "[]"),
        says(200, "{" * 3000),
        says(200, {"access_token": ""}),
        says(200, {"access_token": "two\r\nlines"}),
        says(200, {"access_token": "ünicode"}),
        says(200, {"access_token": 7}),
        says(200, b"\xff\xfe"),
        says(200, b"x" * 300_000),
        says(204),
    ],
)
async def test_whatever_is_no_token_is_later_and_no_session_neither(answer: Says) -> None:
    for sign_in in (oauth, forms):
        with pytest.raises(Later) as failure:
            await sign_in(lambda _: answer)
        assert not isinstance(failure.value, CredentialsRefused)
        assert not failure.value.maybe_taken


async def test_a_silent_identity_service_costs_no_more_than_was_left() -> None:
    clock = Clock()
    async with far(lambda _: SILENT) as there, Outside(LOOPBACK) as outside:
        signer = OAuth(connection(there.url), outside, Counted(), monotonic=clock)
        async with asyncio.timeout(30):
            with pytest.raises(Later):
                await signer.sign_in(clock() + 0.2)


async def test_a_session_is_its_cookies_word_for_word() -> None:
    asked: list[Got] = []

    def answer(got: Got) -> Says:
        asked.append(got)
        return says(200, {"Code": 0, "Message": "", "Exception": None}, extra=SESSION)

    found = await forms(answer)
    assert found.headers == {
        "Cookie": ".ASPXAUTH=0AF3; BPMCSRF=a.b/c; UserName=83|117",
        "BPMCSRF": "a.b/c",
        "ForceUseSession": "true",
    }
    assert asked[0].path == "/ServiceModel/AuthService.svc/Login"
    assert asked[0].json["UserPassword"] == "open-sesame"
    assert "0AF3" not in repr(found)


@pytest.mark.parametrize(
    "answer",
    [
        says(200, {"Code": 1, "Message": "Invalid username or password specified."}),
        says(200, {"Code": 2, "PasswordChangeUrl": "/x"}),
        says(403, ""),
        says(401, ""),
    ],
)
async def test_a_refused_password_names_the_place(answer: Says) -> None:
    with pytest.raises(CredentialsRefused) as refused:
        await forms(lambda _: answer)
    assert "Settings → Ticketing → Creatio" in refused.value.remedy


class Door:
    """A sign-in that waits until it is let go."""

    def __init__(self, failure: Later | None = None) -> None:
        self.opened = asyncio.Event()
        self.tries = 0
        self.failure = failure

    async def sign_in(self, until: float) -> Pass:
        self.tries += 1
        await self.opened.wait()
        if self.failure:
            raise self.failure
        return Pass({"Authorization": f"Bearer {self.tries}"}, until - 10, until + 100)


async def test_many_who_need_a_pass_sign_in_once() -> None:
    door, clock = Door(), Clock()
    passes = Passes(door.sign_in, monotonic=clock)
    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(passes.current(until=clock() + 60)) for _ in range(20)]
        door.opened.set()
    assert door.tries == 1
    assert len({id(task.result()) for task in waiting}) == 1
    refused = waiting[0].result()
    async with asyncio.TaskGroup() as group:
        renewed = [
            group.create_task(passes.renewed(refused, until=clock() + 60)) for _ in range(20)
        ]
    assert door.tries == 2
    assert {task.result().headers["Authorization"] for task in renewed} == {"Bearer 2"}


async def test_a_failure_is_shared_by_those_who_waited_for_it() -> None:
    door, clock = Door(CredentialsRefused("no", maybe_taken=False, remedy="do")), Clock()
    passes = Passes(door.sign_in, monotonic=clock)
    tasks = [asyncio.ensure_future(passes.current(until=clock() + 60)) for _ in range(20)]
    while not door.tries:
        await asyncio.sleep(0)
    door.opened.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert door.tries == 1
    assert all(type(outcome) is CredentialsRefused for outcome in outcomes)
    with pytest.raises(CredentialsRefused):
        await passes.current(until=clock() + 60)
    assert door.tries == 2  # a later one tries for itself


async def test_one_who_gives_up_does_not_take_the_others_with_it() -> None:
    door, clock = Door(), Clock()
    passes = Passes(door.sign_in, monotonic=clock)
    first = asyncio.ensure_future(passes.current(until=clock() + 60))
    second = asyncio.ensure_future(passes.current(until=clock() + 60))
    while not door.tries:
        await asyncio.sleep(0)
    first.cancel()
    door.opened.set()
    assert (await second).headers


async def test_a_pass_is_renewed_before_it_expires() -> None:
    door, clock = Door(), Clock()
    door.opened.set()
    passes = Passes(door.sign_in, monotonic=clock)
    held = await passes.current(until=clock() + 60)
    clock.seconds = held.renew_at - 1
    assert await passes.current(until=clock() + 60) is held
    clock.seconds = held.renew_at
    assert await passes.current(until=clock() + 60) is not held


def test_urls_of_places_can_be_asked() -> None:
    assert URL(places("https://acme.creatio.com", "")[2]).host == "acme-is.creatio.com"
