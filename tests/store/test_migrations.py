"""A migrated database is the schema as written, and its roles are as weak as they must be."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path

import asyncpg
import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain.settings import DBSettings, Durability

from caseway.bootstrap import open_store
from caseway.config import load
from caseway.domain.secret import Secret
from caseway.store.backup import libpq_environment
from caseway.store.embedded import start
from caseway.store.embedded.binaries import installed
from caseway.store.migrate import FIRST, HEAD, OtherBeginning, current_revision, migrate
from caseway.store.roles import Role, RolesRefused, UnsafeRole, check_role, ensure_roles
from tests.database import Database

QUEUE = DBSettings(db_schema="queue", durability=Durability.balanced)


@asynccontextmanager
async def connected(
    dsn: str, role: Role | None = None
) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(dsn, server_settings={"role": str(role)} if role else {})
    try:
        yield connection
    finally:
        await connection.close()


def text(name: str) -> str:
    return files("caseway.store").joinpath(name).read_text(encoding="utf-8")


def dump(dsn: str, *options: str) -> list[str]:
    """The schema as PostgreSQL itself would write it, without what differs each time."""
    told = subprocess.run(
        [installed().program("pg_dump"), "--schema-only", *options],
        env=libpq_environment(dsn),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [
        line
        for line in told.splitlines()
        if line and not line.startswith(("--", "\\restrict", "\\unrestrict"))
    ]


def queue_of(connection: "asyncpg.Connection[asyncpg.Record]") -> Queries:
    return Queries(
        AsyncpgDriver(connection),
        qbe=QueryBuilderEnvironment(QUEUE),
        qbq=QueryQueueBuilder(QUEUE),
    )


def alembic_script() -> ScriptDirectory:
    configuration = Config()
    folder = files("caseway.store").joinpath("migrations")
    configuration.set_main_option("script_location", str(folder))
    return ScriptDirectory.from_config(configuration)


async def test_a_migration_says_what_it_did_and_is_done_once(empty_database: Database) -> None:
    async with connected(empty_database.dsn) as owner:
        assert await current_revision(owner) is None
        revisions = [found.revision for found in alembic_script().walk_revisions()]
        assert await migrate(empty_database.dsn) == revisions[::-1]
        assert await current_revision(owner) == HEAD
        assert await migrate(empty_database.dsn) == []
    for role in Role:
        async with connected(empty_database.dsn, role) as connection:
            assert await current_revision(connection) == HEAD


def test_the_head_that_we_know_without_alembic_is_alembics() -> None:
    assert alembic_script().get_heads() == [HEAD]


def test_nobody_but_a_migration_loads_alembic() -> None:
    code = (
        "import sys, caseway.store.migrate, caseway.store.roles, caseway.store.queries\n"
        "print([name for name in ('alembic', 'sqlalchemy', 'mako') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


async def test_a_database_of_another_development_version_is_refused_and_not_touched(
    database: Database, tmp_path: Path
) -> None:
    settings = load(
        database_url=Secret(database.dsn), data=tmp_path, secret_key_file=tmp_path / "secret.key"
    )
    for made in ("'of another version'", "NULL"):  # versions before did not say what they are
        async with connected(database.dsn) as owner:
            await owner.execute(f"COMMENT ON TABLE alembic_version IS {made}")
        before = dump(database.dsn)
        with pytest.raises(OtherBeginning, match="Begin with an empty database"):
            await migrate(database.dsn)
        with pytest.raises(OtherBeginning):
            async with open_store(settings):
                pass
        assert dump(database.dsn) == before


async def test_two_migrations_at_once_are_one(empty_database: Database) -> None:
    done = await asyncio.gather(*(migrate(empty_database.dsn) for _ in range(3)))
    assert sorted(done) == [[], [], [HEAD]]


async def test_migrations_lead_to_the_schema(database: Database, empty_database: Database) -> None:
    async with connected(empty_database.dsn) as owner:
        for name in FIRST:
            await owner.execute(text(name))

    written = dump(empty_database.dsn)
    assert len(written) > 100
    assert dump(database.dsn, "--exclude-table=alembic_version") == written


async def test_our_queue_is_a_fresh_pgqueuer(database: Database, empty_database: Database) -> None:
    async with connected(empty_database.dsn) as owner:
        await queue_of(owner).install()

    fresh = dump(empty_database.dsn, "--schema=queue")
    assert any("UNLOGGED" in line for line in fresh)
    assert dump(database.dsn, "--schema=queue", "--no-privileges") == fresh


async def test_the_web_puts_jobs_in_and_only_the_worker_takes_them(database: Database) -> None:
    async with connected(database.dsn, Role.WEB) as web:
        await queue_of(web).enqueue("look", b"key")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await web.execute("DELETE FROM queue.pgqueuer")
    async with connected(database.dsn, Role.SYNC) as sync:
        await QueueManager(queue_of(sync)).verify_structure()
        assert await sync.fetchval("SELECT payload FROM queue.pgqueuer") == b"key"
        assert await sync.execute("DELETE FROM queue.pgqueuer") == "DELETE 1"


async def test_there_is_no_way_back_and_it_says_so(database: Database) -> None:
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.pool import NullPool

    configuration = Config()
    folder = files("caseway.store").joinpath("migrations")
    configuration.set_main_option("script_location", str(folder))
    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=lambda: asyncpg.connect(database.dsn),
        poolclass=NullPool,
    )
    async with engine.connect() as connection:
        configuration.attributes["connection"] = await connection.run_sync(lambda plain: plain)
        with pytest.raises(NotImplementedError, match="Restore a backup"):
            await connection.run_sync(lambda _plain: command.downgrade(configuration, "base"))
    async with connected(database.dsn) as owner:
        assert await current_revision(owner) == HEAD


async def test_every_table_of_an_organisation_is_guarded(database: Database) -> None:
    async with connected(database.dsn) as owner:
        await owner.execute("SELECT prepare_days(2)")
        tables = await owner.fetch(
            """
            SELECT c.relname AS name, c.relrowsecurity AS guarded, c.relispartition AS part,
                   has_table_privilege('caseway_web', c.oid, 'SELECT') AS web_reads,
                   ARRAY(SELECT roles::text || polname FROM
                           (SELECT polname, ARRAY(SELECT rolname FROM pg_roles
                                                   WHERE oid = ANY (polroles)) AS roles
                              FROM pg_policy WHERE polrelid = c.oid) AS policies) AS policies
              FROM pg_class c
              JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organisation_id'
             WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
            """
        )
    assert len(tables) > 20
    assert any(table["part"] for table in tables)
    for table in tables:
        expected = {"{caseway_sync}sync_all"}
        if table["web_reads"] or not table["part"]:
            expected.add("{caseway_web}web_own")
        assert (table["name"], table["guarded"]) == (table["name"], True)
        assert (table["name"], set(table["policies"])) == (table["name"], expected)


async def test_no_role_reads_a_table_that_no_policy_guards_unless_it_is_nobodys(
    database: Database,
) -> None:
    """What has no organisation is named here, so that a new table is not forgotten."""
    async with connected(database.dsn) as owner:
        unguarded = await owner.fetch(
            "SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind IN ('r', 'p') AND NOT relrowsecurity ORDER BY relname"
        )
    assert {row["name"] for row in unguarded} <= {
        "alembic_version",
        "event_counted",
        "installation",
        "rate_window",
        "refusal_count",
        "sign_in_try",
    }


@pytest.mark.parametrize("role", Role)
async def test_a_role_in_force_may_start(database: Database, role: Role) -> None:
    async with connected(database.dsn, role) as connection:
        await check_role(connection, role)


async def test_the_owner_may_not_stand_in_for_a_role(database: Database) -> None:
    async with connected(database.dsn) as owner:
        with pytest.raises(UnsafeRole, match=r"caseway_web is not in force.* is \w+'s"):
            await check_role(owner, Role.WEB)


async def test_a_role_that_owns_a_table_may_not_start(database: Database) -> None:
    async with connected(database.dsn) as owner:
        await owner.execute("GRANT CREATE ON SCHEMA public TO caseway_sync")
    async with connected(database.dsn, Role.SYNC) as sync:
        await sync.execute("CREATE TABLE taken (n int)")
        with pytest.raises(UnsafeRole, match="owns tables"):
            await check_role(sync, Role.SYNC)


async def test_a_login_that_may_make_no_roles_gets_the_sql_for_who_may(data_folder: Path) -> None:
    with await asyncio.to_thread(start, data_folder, {"fsync": "off"}) as embedded:
        administrator = embedded.dsn.replace("caseway@", "postgres@")
        async with connected(administrator) as admin:
            await admin.execute('CREATE ROLE "plain Jane" LOGIN')
        async with connected(administrator) as jane:
            await jane.execute('SET SESSION AUTHORIZATION "plain Jane"')
            with pytest.raises(UnsafeRole, match="caseway_web does not exist"):
                await check_role(jane, Role.WEB)
            with pytest.raises(RolesRefused) as refusal:
                await ensure_roles(jane)
            for_administrator = str(refusal.value).partition(":\n")[2]
            async with connected(administrator) as admin:
                await admin.execute(for_administrator)
            await ensure_roles(jane)
        await _too_strong(administrator)


async def _too_strong(administrator: str) -> None:
    async with connected(administrator) as admin:
        for power in ("SUPERUSER", "BYPASSRLS"):
            await admin.execute(f"ALTER ROLE caseway_web {power}")
            async with connected(administrator, Role.WEB) as web:
                with pytest.raises(UnsafeRole, match=r"is superuser|bypass"):
                    await check_role(web, Role.WEB)
            await admin.execute(f"ALTER ROLE caseway_web NO{power}")


async def test_the_web_sees_the_organisation_that_is_set_and_no_other(
    database: Database,
    pool_as: Callable[[Role | None], Awaitable["asyncpg.Pool[asyncpg.Record]"]],
) -> None:
    async with connected(database.dsn) as owner:
        ids = [
            await owner.fetchval(
                "INSERT INTO organisation VALUES (gen_random_uuid(), $1) RETURNING id", name
            )
            for name in ("ours", "theirs")
        ]
    web = await pool_as(Role.WEB)
    async with web.acquire() as connection, connection.transaction():
        assert await connection.fetchval("SELECT count(*) FROM organisation") == 0
        await connection.execute(f"SET LOCAL caseway.organisation = '{ids[0]}'")
        assert await connection.fetchval("SELECT array_agg(id) FROM organisation") == [ids[0]]
    assert await web.fetchval("SELECT count(*) FROM organisation") == 0
