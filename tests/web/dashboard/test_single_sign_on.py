"""Signing in by an identity provider, with a small real one."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

import aiohttp
import pytest
from prometheus_client import CollectorRegistry
from yarl import URL

from caseway.domain.actor import Actor
from caseway.domain.roles import Role
from caseway.domain.secret import Secret
from caseway.outbound import Outside
from caseway.web.app import build
from caseway.web.dashboard.provider import Provider, ProviderFailed, SignOn
from tests.ports import free_port
from tests.web.conftest import House, serving
from tests.web.dashboard.conftest import make_user
from tests.web.dashboard.identity_provider import (
    CLIENT,
    CLIENT_SECRET,
    IdentityProvider,
    new_key,
    provider_of,
)

INES = {"email": "Ines@Nordlicht.example", "email_verified": True, "name": "Ines Costa"}
EMAIL = "ines@nordlicht.example"


class Browser:
    """Follows the way there and back, by hand: each stop is looked at."""

    def __init__(self, base: str, client: aiohttp.ClientSession) -> None:
        self.base = base
        self.client = client

    async def go(self, address: str) -> tuple[int, str]:
        """The status, and where it leads or what it says."""
        url = URL(address) if address.startswith("http") else URL(self.base + address)
        async with self.client.get(url, allow_redirects=False) as answer:
            return answer.status, answer.headers.get("Location") or await answer.text()

    async def sign_in(self, onward: str = "/events") -> tuple[int, str]:
        _, there = await self.go(f"/login/sso?next={onward}")
        _, back = await self.go(there)
        return await self.go(back)


def configuration(
    house: House, provider: IdentityProvider, outside: Outside, *domains: str
) -> SignOn:
    return SignOn(
        issuer=provider.issuer,
        client_id=CLIENT,
        client_secret=Secret(CLIENT_SECRET),
        organisation=house.tenant.organisation,
        domains=frozenset(domains),
        role=Role.VIEWER,
        outside=outside,
    )


@asynccontextmanager
async def single_sign_on(
    house: House, provider: IdentityProvider, *domains: str
) -> AsyncIterator[Browser]:
    async with Outside([ip_network("127.0.0.0/8")]) as outside:
        configured = configuration(house, provider, outside, *domains)
        port = free_port()
        parts = replace(
            house.parts,
            sign_on=configured,
            public_url=f"http://127.0.0.1:{port}",
            metrics=CollectorRegistry(),
        )
        app = build(parts, hosts=["127.0.0.1"])
        jar = aiohttp.CookieJar(unsafe=True)
        async with (
            serving(app, port) as base,
            aiohttp.ClientSession(cookie_jar=jar) as client,
        ):
            yield Browser(base, client)
            app.close_streams()


async def test_somebody_who_is_known_signs_in_and_comes_back_to_the_page(house: House) -> None:
    await make_user(house, Role.AGENT, email=EMAIL)
    async with provider_of(INES) as provider, single_sign_on(house, provider) as browser:
        _, login = await browser.go("/login?next=/events?x=1")
        assert '<a class="btn" href="/login/sso?next=/events%3Fx%3D1">' in login
        assert await browser.sign_in("/events%3Fx%3D1") == (303, "/events?x=1")
        assert [cookie.key for cookie in browser.client.cookie_jar] == ["caseway"]
        assert await browser.go("/") == (303, "/inbox")
        assert await browser.sign_in("https://evil.example") == (303, "/inbox")
        assert provider.asked == ["configuration", "keys"], "both are remembered"


async def test_who_was_invited_joins_and_who_was_not_is_refused(house: House) -> None:
    people, organisation = house.parts.people, house.tenant.organisation
    async with provider_of(INES) as provider, single_sign_on(house, provider) as browser:
        status, page = await browser.sign_in()
        assert (status, f"{EMAIL} is not invited." in page) == (422, True)
        await people.invitations.invite(
            organisation, email=EMAIL, role=Role.ADMIN, actor=Actor("cli")
        )
        assert await browser.sign_in() == (303, "/events")
        [user] = await people.users.list(organisation)
        assert (user.email, user.name, user.role) == (EMAIL, "Ines Costa", Role.ADMIN)
        assert not user.has_password
        assert await people.invitations.list(organisation) == []


async def test_a_domain_may_join_without_an_invitation_but_not_who_was_disabled(
    house: House,
) -> None:
    people, organisation = house.parts.people, house.tenant.organisation
    async with (
        provider_of(INES) as provider,
        single_sign_on(house, provider, "nordlicht.example") as browser,
    ):
        assert await browser.sign_in() == (303, "/events")
        [user] = await people.users.list(organisation)
        assert user.role is Role.VIEWER
        await people.users.disable(organisation, user.id, actor=Actor("cli"))
        assert await browser.go("/") == (303, "/login")
        status, page = await browser.sign_in()
        assert (status, "is not invited" in page) == (422, True)
        provider.person = {**INES, "email": "ines@evil.example"}
        assert (await browser.sign_in())[0] == 422


def wrong(**claims: Any) -> Callable[[IdentityProvider], None]:
    return lambda provider: provider.wrong.update(claims)


def signed(how: str) -> Callable[[IdentityProvider], None]:
    return lambda provider: setattr(provider, "signs_with", how)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (wrong(email_verified=False), "does not vouch for your email"),
        (wrong(email=""), "does not vouch for your email"),
        (wrong(iss="http://127.0.0.1:1"), "does not work right now"),
        (wrong(aud="another client"), "does not work right now"),
        (wrong(aud=[CLIENT, "another"], azp="another"), "does not work right now"),
        (wrong(exp=1), "does not work right now"),
        (wrong(nonce="of another sign-in"), "does not work right now"),
        (signed("another key"), "does not work right now"),
        (signed("the client's secret"), "does not work right now"),
        (signed("nothing"), "does not work right now"),
        (lambda provider: provider.person.clear(), "did not sign you in"),
        (lambda _provider: None, ""),
    ],
)
async def test_nobody_comes_in_by_what_is_not_proven(
    house: House, spoil: Callable[[IdentityProvider], None], says: str
) -> None:
    await make_user(house, Role.OWNER, email=EMAIL)
    async with provider_of(dict(INES)) as provider, single_sign_on(house, provider) as browser:
        spoil(provider)
        status, page = await browser.sign_in()
        if not says:
            assert status == 303, "the control: nothing was spoilt"
            return
        assert status in {422, 503}
        assert says in page
        assert await browser.go("/") == (303, "/login")
        assert not list(browser.client.cookie_jar)


async def test_an_answer_belongs_to_the_browser_that_asked_and_is_taken_once(
    house: House,
) -> None:
    """Otherwise somebody else's answer could be slipped into a browser, or a caught one used."""
    await make_user(house, Role.OWNER, email=EMAIL)
    async with provider_of(INES) as provider, single_sign_on(house, provider) as browser:
        _, there = await browser.go("/login/sso")
        _, back = await browser.go(there)
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
            victim = Browser(browser.base, client)
            status, page = await victim.go(back)
            assert (status, "not begun in this browser" in page) == (422, True)
            await victim.go("/login/sso")
            assert (await victim.go(back))[0] == 422, "another sign-in's state"
        assert (await browser.go(back))[0] == 303
        assert (await browser.go(back))[0] == 422


async def test_a_new_key_of_the_provider_is_learnt_but_not_asked_for_all_the_time(
    house: House,
) -> None:
    clock = [1000.0]
    async with provider_of(INES) as there, Outside([ip_network("127.0.0.0/8")]) as outside:
        configured = configuration(house, there, outside)
        provider = Provider(
            configured,
            back="http://127.0.0.1/login/sso/back",
            now=lambda: datetime.now(tz=UTC),
            clock=lambda: clock[0],
        )

        async def sign_in() -> str:
            way = await provider.way_there(state="s", nonce="n", verifier="v" * 43)
            async with house.client.get(way, allow_redirects=False) as answer:
                code = URL(answer.headers["Location"]).query["code"]
            return (await provider.who(code, nonce="n", verifier="v" * 43)).email

        assert await sign_in() == EMAIL
        there.key = new_key("second")
        with pytest.raises(ProviderFailed):
            await sign_in()
        clock[0] += 61
        assert await sign_in() == EMAIL
        there.signs_with = "another key"
        for _ in range(3):
            with pytest.raises(ProviderFailed):
                await sign_in()
        assert there.asked == ["configuration", "keys", "keys"]


async def test_the_address_may_come_by_userinfo(house: House) -> None:
    await make_user(house, Role.OWNER, email=EMAIL)
    async with provider_of(INES) as provider, single_sign_on(house, provider) as browser:
        provider.email_by_userinfo = True
        assert (await browser.sign_in())[0] == 303
        provider.wrong = {"email_verified": False}
        assert (await browser.sign_in())[0] == 422


async def test_a_provider_that_is_away_is_said(house: House) -> None:
    async with provider_of(INES) as provider, single_sign_on(house, provider) as browser:
        provider.issuer = "http://127.0.0.1:9"
        status, page = await browser.go("/login/sso")
        assert (status, "does not work right now" in page) == (503, True)


async def test_without_a_provider_there_is_no_single_sign_on(house: House) -> None:
    async with house.client.get(f"{house.base}/login") as answer:
        assert "single sign-on" not in await answer.text()
    async with house.client.get(f"{house.base}/login/sso") as answer:
        assert answer.status == 404
