"""An empty Caseway and a Creatio sandbox beside it, for whoever connects the two in the browser."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import uuid4

from playwright.sync_api import Browser, BrowserContext

from caseway.bootstrap import open_pool, open_store
from caseway.config import load
from caseway.domain.actor import Actor
from caseway.domain.roles import Role
from caseway.store.people import people_over
from caseway.store.roles import Role as Right
from caseway.store.transactions import transaction
from creatio_sandbox.testing import Plan, Sandbox, start
from tests.acceptance.installation import Installation, installed
from tests.browser.conftest import PATIENCE_MS

EMAIL = "mara@nordlicht.example"


@dataclass(frozen=True)
class Place:
    caseway: Installation
    creatio: Sandbox
    session: str

    def connect(self, name: str) -> str:
        """By the command; the webhook's URL."""
        added = self.caseway(
            *("connection", "add", "--name", name, "--url", self.creatio.url, "--json"),
            *("--client-id", self.creatio.address.client_id, "--client-secret-file", "-"),
            *("--sweep-seconds", "1"),
            stdin=self.creatio.address.client_secret,
        )
        url: str = added.json["webhook_url"]
        return url


@contextmanager
def place() -> Iterator[Place]:
    with installed() as caseway, start(Plan(desk_open=True)) as creatio:
        serving = caseway.start("serve")
        try:
            caseway.wait_until_ready(serving)
            with ThreadPoolExecutor(1) as elsewhere:  # this thread has a running loop
                session = elsewhere.submit(asyncio.run, _sign_in(caseway)).result()
            yield Place(caseway, creatio, session)
        finally:
            serving.kill()
            serving.wait()


@contextmanager
def admin(
    browser: Browser, place: Place, *, scripted: bool = True, zone: str = "UTC"
) -> Iterator[BrowserContext]:
    context = browser.new_context(
        base_url=place.caseway.url,
        viewport={"width": 1280, "height": 900},
        java_script_enabled=scripted,
        locale="en-GB",
        timezone_id=zone,
    )
    context.set_default_timeout(PATIENCE_MS)
    context.add_cookies([{"name": "caseway", "value": place.session, "url": place.caseway.url}])
    yield context
    context.close()


async def _sign_in(caseway: Installation) -> str:
    settings = load(
        data=caseway.folder / "data",
        secret_key_file=caseway.folder / "config" / "secret.key",
        database_url=None,
    )
    async with (
        open_store(settings) as store,
        open_pool(settings, store.owner_dsn, Right.WEB, 2) as pool,
    ):
        user = uuid4()
        async with transaction(pool, store.organisation) as link:
            await link.execute(
                "INSERT INTO user_account (organisation_id, id, email, name, role)"
                " VALUES ($1, $2, $3, 'Mara Vogt', $4)",
                *(store.organisation, user, EMAIL, Role.ADMIN),
            )
        token = await people_over(pool).sessions.begin(
            store.organisation, user, agent="Chromium", actor=Actor(EMAIL)
        )
        return token.reveal()
