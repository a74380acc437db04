"""People who are signed in, for every test of the dashboard."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import pytest

from caseway.domain.actor import Actor
from caseway.domain.roles import Role
from tests.web.conftest import House, Tenant

SignedIn = Callable[..., Awaitable[aiohttp.ClientSession]]


async def make_user(
    house: House, role: Role, *, email: str = "", tenant: Tenant | None = None
) -> tuple[UUID, str]:
    """Somebody without a password; their id and address."""
    user, address = uuid4(), email or f"{role}.{uuid4().hex[:8]}@example.com"
    await house.owner.execute(
        "INSERT INTO user_account (organisation_id, id, email, name, role)"
        " VALUES ($1, $2, $3, $4, $5)",
        (tenant or house.tenant).organisation,
        user,
        address,
        f"The {role}",
        role,
    )
    return user, address


def browser(house: House, **more: Any) -> aiohttp.ClientSession:
    """A client that keeps cookies, as a browser does; addresses are paths."""
    return aiohttp.ClientSession(house.base, cookie_jar=aiohttp.CookieJar(unsafe=True), **more)


@pytest.fixture
async def signed_in(house: House) -> AsyncIterator[SignedIn]:
    """`await signed_in(Role.AGENT)`: the client of somebody new, with their session."""
    async with AsyncExitStack() as opened:

        async def sign_in(
            role: Role, *, email: str = "", tenant: Tenant | None = None
        ) -> aiohttp.ClientSession:
            organisation = (tenant or house.tenant).organisation
            user, address = await make_user(house, role, email=email, tenant=tenant)
            token = await house.parts.people.sessions.begin(
                organisation, user, agent="tests", actor=Actor(address)
            )
            cookies = {"caseway": token.reveal()}
            return await opened.enter_async_context(browser(house, cookies=cookies))

        yield sign_in
