"""Fixtures that every test may ask for."""

import contextlib
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from pathlib import Path

import asyncpg
import pytest
from hypothesis import HealthCheck, settings

from caseway.store.roles import Role
from tests import database as ground
from tests.store.embedding import begin

# A database is made for a test function, not for each of its examples: they choose new keys. How
# long examples take to be thought of is the machine's affair.
settings.register_profile(
    "caseway",
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("caseway")


LAST_LINES = 200


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What the installations said that a failed test used: their side of the story."""
    report = yield
    if report.failed:
        for name, found in getattr(item, "funcargs", {}).items():
            told = getattr(found, "log", None)
            if isinstance(told, str):
                last = "\n".join(told.splitlines()[-LAST_LINES:])
                report.sections.append((f"what {name} said last", last))
    return report


@pytest.fixture(scope="session")
def server() -> Iterator[ground.Server]:
    """The one PostgreSQL of the run, shared by its processes."""
    with ground.running_server() as found:
        yield found


@pytest.fixture(scope="session")
def template(server: ground.Server) -> str:
    """The name of the migrated database that all others are copies of."""
    return server.template()


@pytest.fixture
def database(server: ground.Server, template: str) -> Iterator[ground.Database]:
    """A migrated database of the test's own."""
    made = server.create(template)
    yield made
    server.drop(made.name)


@pytest.fixture
def empty_database(server: ground.Server) -> Iterator[ground.Database]:
    """A database of the test's own with nothing in it."""
    made = server.create("template1")
    yield made
    server.drop(made.name)


@pytest.fixture
async def pool_as(
    database: ground.Database,
) -> AsyncIterator[Callable[[Role | None], Awaitable["asyncpg.Pool[asyncpg.Record]"]]]:
    """Opens pools on the test's database: under a role, or as the owner for None."""
    async with contextlib.AsyncExitStack() as opened:

        async def open_pool(role: Role | None) -> "asyncpg.Pool[asyncpg.Record]":
            parameters = {} if role is None else {"role": str(role)}
            return await opened.enter_async_context(
                asyncpg.create_pool(
                    database.dsn, min_size=1, max_size=8, server_settings=parameters
                )
            )

        yield open_pool


@pytest.fixture
async def pool(
    pool_as: Callable[[Role | None], Awaitable["asyncpg.Pool[asyncpg.Record]"]],
) -> "asyncpg.Pool[asyncpg.Record]":
    """As the worker sees the database: every organisation, no users."""
    return await pool_as(Role.SYNC)


@pytest.fixture
async def web_pool(
    pool_as: Callable[[Role | None], Awaitable["asyncpg.Pool[asyncpg.Record]"]],
) -> "asyncpg.Pool[asyncpg.Record]":
    """As pages and API see it: bound by row-level policies."""
    return await pool_as(Role.WEB)


@pytest.fixture
async def owner_pool(
    pool_as: Callable[[Role | None], Awaitable["asyncpg.Pool[asyncpg.Record]"]],
) -> "asyncpg.Pool[asyncpg.Record]":
    """As the migration sees it: no policy binds it."""
    return await pool_as(None)


@pytest.fixture
def data_folder() -> Iterator[Path]:
    """For a test that starts an embedded server of its own."""
    with ground.data_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def made_folder() -> Iterator[Path]:
    """A stopped server's data folder: making one anew takes longer than all that follows."""
    with ground.data_folder() as folder:
        begin(folder).close()
        yield folder


@pytest.fixture
def embedded_folder(made_folder: Path, data_folder: Path) -> Path:
    """A copy of what matters in it; the programs, which nobody changes, are linked."""
    home = data_folder / "postgresql"
    home.mkdir()
    subprocess.run(["cp", "-a", made_folder / "postgresql" / "cluster", home], check=True)
    if (made_folder / "postgresql" / "binaries").exists():
        subprocess.run(["cp", "-al", made_folder / "postgresql" / "binaries", home], check=True)
    return data_folder
