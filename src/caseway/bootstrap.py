"""The wiring: the one place that knows the concrete classes and puts them together."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import asyncpg
import structlog

from caseway.config import Settings
from caseway.domain.connection import Connection
from caseway.domain.ids import OrganisationId
from caseway.store import embedded, installation
from caseway.store.migrate import HEAD, check_beginning, current_revision
from caseway.store.reached import UNREACHED, tell_briefly
from caseway.store.registry import Registry, ensure_organisation
from caseway.store.roles import Role, check_role
from caseway.store.secrets import KeyTrouble, Secrets

if TYPE_CHECKING:
    from caseway.ports import Check

if TYPE_CHECKING:
    from caseway.store.embedded.server import Embedded

log = structlog.get_logger()

CONNECT_TIMEOUT_SECONDS: Final = 10.0
REVIVE_EVERY_SECONDS: Final = 3.0
# Every statement goes by keys: planning anew each time cost a fifth of the database's work.
GENERIC: Final = {"plan_cache_mode": "force_generic_plan", "jit": "off"}


class CannotOpen(Exception):
    """The database cannot be used; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class OpenStore:
    """The database at this version's schema, and what is configured in it."""

    owner_dsn: str
    sync: "asyncpg.Pool[asyncpg.Record]"  # as caseway_sync
    secrets: Secrets
    registry: Registry
    organisation: OrganisationId
    direct_dsn: str  # past any pooler

    async def connect_direct(self) -> "asyncpg.Connection[asyncpg.Record]":
        """A connection for LISTEN, which does not work behind a pooler; as caseway_sync."""
        return await asyncpg.connect(
            self.direct_dsn,
            timeout=CONNECT_TIMEOUT_SECONDS,
            server_settings={"application_name": "caseway", "role": str(Role.SYNC)},
        )


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[str]:
    """The owner's address of the database, which answers. Whatever its schema is.

    Raises `CannotOpen`, or `CannotStart` where the embedded server does not come up.
    """
    configured = settings.database_direct_url or settings.database_url
    if configured is not None:
        await _reach(configured.reveal())
        yield configured.reveal()
        return
    server = await asyncio.to_thread(embedded.start, settings.data)
    watching = asyncio.create_task(_revive(server))
    try:
        yield server.dsn
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await asyncio.to_thread(server.close)


async def _revive(server: "Embedded") -> None:
    """Nobody else starts our own PostgreSQL again when it is killed under us."""
    while True:
        await asyncio.sleep(REVIVE_EVERY_SECONDS)
        try:
            if await asyncio.to_thread(server.revive):
                log.warning("database.revived")
        except embedded.CannotStart as failure:
            log.exception("database.down", reason=str(failure))


@asynccontextmanager
async def open_store(settings: Settings, *, connections: int = 4) -> AsyncIterator[OpenStore]:
    """`connections`: how many `caseway_sync` may open at once.

    Raises also `KeyTrouble`, `OtherBeginning`, `UnsafeRole` and, in the migration, `RolesRefused`.
    """
    secrets = open_secrets(settings)
    async with open_database(settings) as owner_dsn:
        await _bring_up_to_date(owner_dsn)
        owner = await asyncpg.connect(owner_dsn)
        try:
            await installation.claim(owner, secrets)
            organisation = await ensure_organisation(owner)
        finally:
            await owner.close()
        async with open_pool(settings, owner_dsn, Role.SYNC, connections) as sync:
            yield OpenStore(
                owner_dsn=owner_dsn,
                sync=sync,
                secrets=secrets,
                registry=Registry.over(sync, secrets),
                organisation=organisation,
                direct_dsn=owner_dsn,
            )


@asynccontextmanager
async def open_pool(
    settings: Settings, owner_dsn: str, role: Role, connections: int, *, durable: bool = True
) -> AsyncIterator["asyncpg.Pool[asyncpg.Record]"]:
    """A pool under this role, proven to be bound by it. Raises `UnsafeRole`.

    Not `durable`: its commits wait for no disk, for what a crash of the database may forget.
    """
    own = {Role.SYNC: settings.database_sync_url, Role.WEB: settings.database_web_url}[role]
    # Behind a pooler the role cannot be a parameter of the connection: it comes with the login.
    parameters = {"role": str(role)} if own is None else {}
    if not durable:
        parameters["synchronous_commit"] = "off"
    dsn = owner_dsn if own is None else own.reveal()
    tell_briefly()
    made = asyncpg.create_pool(
        dsn,
        min_size=1,
        max_size=connections,
        server_settings={"application_name": "caseway", **GENERIC, **parameters},
        init=lambda link: check_role(link, role),
        reset=_as_it_is,
    )
    try:
        await made
    except UNREACHED as failure:
        named = "CASEWAY_DATABASE_URL" if own is None else f"CASEWAY_DATABASE_{role.name}_URL"
        raise CannotOpen(_unusable(dsn, failure, named)) from failure
    async with made as pool:
        yield pool


async def _as_it_is(_link: object) -> None:
    """Nothing to reset: all that we set is set for a transaction. Saves a round trip a use."""


def open_secrets(settings: Settings) -> Secrets:
    """Raises `KeyTrouble`."""
    if settings.secret_keys:
        return Secrets([key.reveal() for key in settings.secret_keys])
    file = settings.secret_key_file
    try:
        if not file.parent.exists():
            file.parent.mkdir(parents=True)
            file.parent.chmod(0o700)
        return Secrets.from_file(file)
    except OSError as failure:
        raise KeyTrouble(
            f"The secret key file {file} cannot be used ({failure.strerror}). Let the account that "
            "runs Caseway read it and write in its folder, name another place in "
            "CASEWAY_SECRET_KEY_FILE, or give the keys in CASEWAY_SECRET_KEYS."
        ) from failure


async def name_newest_key(owner_dsn: str, secrets: Secrets) -> None:
    """The database remembers from now on that it was written with the newest key."""
    owner = await asyncpg.connect(owner_dsn)
    try:
        await installation.name_key(owner, secrets)
    finally:
        await owner.close()


async def _reach(dsn: str) -> None:
    try:
        link = await asyncpg.connect(dsn, timeout=CONNECT_TIMEOUT_SECONDS)
    except UNREACHED as failure:
        raise CannotOpen(_unusable(dsn, failure, "CASEWAY_DATABASE_URL")) from failure
    await link.close()


def _unusable(dsn: str, failure: Exception, setting: str) -> str:
    return (
        f"The database at {urlsplit(dsn).hostname or 'the local socket'} cannot be used "
        f"({str(failure) or type(failure).__name__}). Nothing was changed. Check "
        f"{setting}, and that PostgreSQL runs there."
    )


async def _bring_up_to_date(owner_dsn: str) -> None:
    """Migrate in a process of its own: Alembic's memory goes with it.

    A newer schema than ours stays: the previous release runs on it. Raises `OtherBeginning`.
    """
    link = await asyncpg.connect(owner_dsn)
    try:
        await check_beginning(link)
        revision = await current_revision(link)
    finally:
        await link.close()
    if revision is not None and revision >= HEAD:
        return
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "caseway", "migrate"),
        env={
            **os.environ,
            "CASEWAY_DATABASE_URL": owner_dsn,
            "CASEWAY_DATABASE_DIRECT_URL": owner_dsn,
        },
        stdout=sys.stderr,
    )
    if await child.wait():
        raise CannotOpen("The database could not be brought to this version; the reason is above.")


async def connection_checks(
    settings: Settings, sync: "asyncpg.Pool[asyncpg.Record]", connection: Connection
) -> AsyncIterator["Check"]:
    """Named checks of one connection as they end; its calls are counted."""
    from caseway.creatio.checks import checks
    from caseway.outbound import Outside
    from caseway.store.calls import PostgresCalls
    from caseway.store.setup import PostgresSetup

    calls = PostgresCalls(sync)
    await calls.save()
    evidence = await PostgresSetup(sync).evidence(connection.key)
    try:
        async with Outside(settings.allowed_networks) as outside:
            counter = calls.of(connection.key)
            async for check in checks(
                connection, outside, counter, now=lambda: datetime.now(UTC), evidence=evidence
            ):
                yield check
    finally:
        await calls.save()
