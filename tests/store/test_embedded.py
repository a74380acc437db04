"""The embedded server starts, is adopted, outlives kills, and ends with its last user."""

import asyncio
import contextlib
import os
import pwd
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import psutil
import pytest

from caseway.store.embedded import CannotStart, start
from caseway.store.embedded.account import for_server
from caseway.store.embedded.server import Embedded
from tests.database import data_folder as fresh_data_folder

PATIENCE_SECONDS = 60
# A process of its own that uses the server until it is told to leave, or killed.
USER = """
import sys
from pathlib import Path
from caseway.store.embedded import start
embedded = start(Path(sys.argv[1]), {"fsync": "off"})
print(embedded.dsn, flush=True)
sys.stdin.read()
embedded.close()
"""


def ask(dsn: str, sql: str) -> object:
    async def answer() -> object:
        connection = await asyncpg.connect(dsn)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(answer())


def run(dsn: str, sql: str) -> None:
    async def execute() -> None:
        connection = await asyncpg.connect(dsn)
        try:
            await connection.execute(sql)
        finally:
            await connection.close()

    asyncio.run(execute())


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def postmaster(folder: Path) -> int:
    """The pid in the file: fine in a test, which knows that the server lives."""
    text = (folder / "postgresql" / "cluster" / "postmaster.pid").read_text()
    return int(text.splitlines()[0])


def accepts(dsn: str) -> bool:
    try:
        ask(dsn, "SELECT 1")
    except (OSError, asyncpg.PostgresError):
        return False
    return True


def ended(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def begin(folder: Path) -> Embedded:
    """Without waiting for the disk: what a kill leaves behind does not depend on it."""
    return start(folder, {"fsync": "off"})


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A stopped server's data folder: making one anew takes longer than all that follows."""
    with fresh_data_folder() as folder:
        begin(folder).close()
        yield folder


@pytest.fixture
def folder(made: Path, data_folder: Path) -> Path:
    """A copy of what matters in it; the programs, which nobody changes, are linked."""
    home = data_folder / "postgresql"
    home.mkdir()
    subprocess.run(["cp", "-a", made / "postgresql" / "cluster", home], check=True)
    if (made / "postgresql" / "binaries").exists():
        subprocess.run(["cp", "-al", made / "postgresql" / "binaries", home], check=True)
    return data_folder


@contextlib.contextmanager
def another_user(folder: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", USER, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_a_first_start_gives_a_database_of_our_own(data_folder: Path) -> None:
    with start(data_folder) as embedded:
        assert not embedded.adopted
        assert ask(embedded.dsn, "SELECT current_user::text") == "caseway"
        assert ask(embedded.dsn, "SELECT current_database()::text") == "caseway"
        assert ask(embedded.dsn, "SHOW is_superuser") == "off"
        settings = {
            "listen_addresses": "",
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "wal_compression": "pglz",
            "shared_buffers": "64MB",
            "max_connections": "60",
            "TimeZone": "UTC",
        }
        for name, value in settings.items():
            assert ask(embedded.dsn, f"SHOW {name}") == value
        sql = "SELECT concat(datlocprovider, datlocale) FROM pg_database WHERE datname = 'caseway'"
        assert ask(embedded.dsn, sql) == "bC.UTF-8"
    assert not accepts(embedded.dsn)


def test_what_was_kept_is_there_after_a_restart(folder: Path) -> None:
    with begin(folder) as embedded:
        run(embedded.dsn, "CREATE TABLE kept AS SELECT 42 AS n")
    with begin(folder) as embedded:
        assert ask(embedded.dsn, "SELECT n FROM kept") == 42


def test_the_last_user_stops_the_server(folder: Path) -> None:
    first = begin(folder)
    second = begin(folder)
    assert second.adopted
    assert second.dsn == first.dsn
    server = postmaster(folder)

    first.close()
    first.close()  # leaving twice is leaving once
    assert ask(second.dsn, "SELECT 1") == 1
    second.close()
    until(lambda: ended(server))


def test_many_starts_at_once_make_one_server(data_folder: Path) -> None:
    joined: list[Embedded] = []
    starts = [threading.Thread(target=lambda: joined.append(begin(data_folder))) for _ in range(4)]
    for one in starts:
        one.start()
    for one in starts:
        one.join(PATIENCE_SECONDS)

    assert sorted(embedded.adopted for embedded in joined) == [False, True, True, True]
    servers = {ask(embedded.dsn, "SELECT pg_postmaster_start_time()") for embedded in joined}
    assert len(servers) == 1
    for embedded in joined:
        embedded.close()
    assert not accepts(joined[0].dsn)


def test_a_killed_user_leaves_a_server_that_the_next_one_adopts_and_ends(
    folder: Path,
) -> None:
    with another_user(folder) as user:
        dsn = first_line(user)
        server = postmaster(folder)
        user.kill()
        user.wait()
    assert accepts(dsn)

    with begin(folder) as embedded:
        assert embedded.adopted
        assert postmaster(folder) == server
    until(lambda: ended(server))


def test_a_server_does_not_end_with_the_process_that_started_it(folder: Path) -> None:
    with another_user(folder) as user:
        first_line(user)
        with begin(folder) as embedded:
            assert embedded.adopted
            user.communicate(timeout=PATIENCE_SECONDS)  # it leaves in order
            assert ask(embedded.dsn, "SELECT 1") == 1


def test_a_killed_server_recovers_what_was_committed(folder: Path) -> None:
    with begin(folder) as before:
        run(before.dsn, "CREATE TABLE kept AS SELECT 42 AS n")
        os.kill(postmaster(folder), signal.SIGKILL)
        until(lambda: not accepts(before.dsn))
        with begin(folder) as embedded:
            assert not embedded.adopted
            assert embedded.dsn == before.dsn
            assert ask(embedded.dsn, "SELECT n FROM kept") == 42


def test_a_killed_server_is_revived_by_who_still_uses_it(folder: Path) -> None:
    with begin(folder) as embedded:
        assert not embedded.revive()
        os.kill(postmaster(folder), signal.SIGKILL)
        until(lambda: not accepts(embedded.dsn))
        assert embedded.revive()
        assert ask(embedded.dsn, "SELECT 1") == 1


def test_a_killed_server_whose_parent_never_buries_it_is_replaced(folder: Path) -> None:
    """The pid of a zombie exists, as it does in a container whose first process reaps nothing."""
    with another_user(folder) as user:
        dsn = first_line(user)
        server = postmaster(folder)
        parent = psutil.Process(user.pid)
        parent.suspend()  # from now on it waits for no child
        os.kill(server, signal.SIGKILL)
        until(lambda: not accepts(dsn))
        assert psutil.Process(server).status() == psutil.STATUS_ZOMBIE
        with begin(folder) as embedded:
            assert ask(embedded.dsn, "SELECT 1") == 1
            assert psutil.Process(server).status() == psutil.STATUS_ZOMBIE


def test_a_pid_that_belongs_to_somebody_else_by_now_is_no_server(folder: Path) -> None:
    with begin(folder) as embedded:
        os.kill(postmaster(folder), signal.SIGKILL)
        until(lambda: not accepts(embedded.dsn))
    # One that the server's account could signal, or PostgreSQL would know by itself.
    stranger = subprocess.Popen(
        ["/bin/sh", "-c", "read line"], stdin=subprocess.PIPE, **for_server().identity
    )
    try:
        for name in ("cluster/postmaster.pid", "socket/.s.PGSQL.5432.lock"):
            file = folder / "postgresql" / name
            file.write_text("\n".join([str(stranger.pid), *file.read_text().split("\n")[1:]]))
        with begin(folder) as embedded:
            assert ask(embedded.dsn, "SELECT 1") == 1
        assert stranger.poll() is None
    finally:
        stranger.communicate()


def test_a_start_that_was_cut_short_is_made_good(data_folder: Path) -> None:
    half = data_folder / "postgresql" / "cluster.half"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with begin(data_folder) as embedded:
        assert ask(embedded.dsn, "SELECT 1") == 1
    assert not half.exists()


def test_nobody_else_is_let_in(folder: Path) -> None:
    with begin(folder) as embedded:
        home = folder / "postgresql"
        sockets = home / "socket"
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
        assert stat.S_IMODE((sockets / ".s.PGSQL.5432").stat().st_mode) == 0o700
        assert stat.S_IMODE((home / "cluster").stat().st_mode) == 0o700
        rules = "SELECT string_agg(concat_ws(' ', type, auth_method, options), ';') FROM "
        owner = embedded.dsn.replace("caseway@", "postgres@")
        assert ask(owner, rules + "pg_hba_file_rules") == "local peer {map=caseway}"
        us = pwd.getpwuid(os.geteuid()).pw_name
        names = "SELECT string_agg(concat_ws(' ', sys_name, pg_username), ';') FROM "
        assert ask(owner, names + "pg_ident_file_mappings") == f"{us} caseway;{us} postgres"
        assert _listening(postmaster(folder)) == []


def _listening(pid: int) -> list[object]:
    """The addresses at which the server could be reached over a network."""
    process = psutil.Process(pid)
    return [found for found in process.net_connections("inet") if found.status == "LISTEN"]


def test_the_server_is_never_root(folder: Path) -> None:
    with begin(folder):
        uids = psutil.Process(postmaster(folder)).uids()
    expected = os.geteuid() or pwd.getpwnam("nobody").pw_uid
    assert set(uids) == {expected}


def test_no_statement_and_no_row_reaches_the_log(folder: Path) -> None:
    with begin(folder) as embedded:
        run(embedded.dsn, "CREATE TABLE kept (address text PRIMARY KEY)")
        insert = "INSERT INTO kept VALUES ('ada@example.com')"
        run(embedded.dsn, insert)
        with pytest.raises(asyncpg.UniqueViolationError):
            run(embedded.dsn, insert)
    log = (folder / "postgresql" / "server.log").read_text()
    assert "duplicate key value" in log
    assert "ada@example.com" not in log


def test_a_long_path_gets_a_short_socket(data_folder: Path) -> None:
    folder = data_folder / ("deep" * 25)
    with begin(folder) as embedded:
        assert ask(embedded.dsn, "SELECT 1") == 1
        sockets = Path(parse_qs(urlsplit(embedded.dsn).query)["host"][0])
        assert sockets.parent == Path("/tmp")
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
        with begin(folder) as again:
            assert again.adopted
    assert not sockets.exists()


def test_another_major_version_is_refused_with_the_way_out(folder: Path) -> None:
    (folder / "postgresql" / "cluster" / "PG_VERSION").write_text("17\n")
    with pytest.raises(CannotStart, match=r"PostgreSQL 17.*caseway backup.*caseway restore"):
        begin(folder)


def test_a_server_that_cannot_run_says_why_and_leaves_no_lock(folder: Path) -> None:
    with pytest.raises(CannotStart, match="shared_buffers"):
        start(folder, {"fsync": "off", "shared_buffers": "plenty"})
    with begin(folder) as embedded:
        assert ask(embedded.dsn, "SELECT 1") == 1


def test_a_folder_of_somebody_else_is_refused(data_folder: Path) -> None:
    """For root, one that was given away; for anybody else, root's."""
    folder = Path("/")
    if os.geteuid() == 0:
        folder = data_folder
        os.chown(folder, pwd.getpwnam("nobody").pw_uid, -1)
    with pytest.raises(CannotStart, match=r"belongs to \w+: run Caseway as"):
        begin(folder)


def test_root_needs_a_folder_that_the_server_may_enter(data_folder: Path) -> None:
    """Anybody else needs no such thing: the server is theirs."""
    data_folder.chmod(0o700)
    folder = data_folder / "caseway"
    if os.geteuid() == 0:
        with pytest.raises(CannotStart, match=f"enter {data_folder}: .*/var/lib/caseway"):
            begin(folder)
        assert stat.S_IMODE(data_folder.stat().st_mode) == 0o700
    else:
        with begin(folder) as embedded:
            assert ask(embedded.dsn, "SELECT 1") == 1


def test_no_parent_folder_is_opened_to_the_world(folder: Path) -> None:
    before = [stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.parents)]
    with begin(folder):
        pass
    after = [stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.parents)]
    assert after == before


def test_a_platform_without_binaries_is_told_what_to_set() -> None:
    """An interpreter that sees our code but no installed package stands for such a platform."""
    source = Path(__file__).parents[2] / "src"
    code = (
        f"import sys; sys.path.insert(0, {str(source)!r})\n"
        "from pathlib import Path\n"
        "from caseway.store.embedded import CannotStart, start\n"
        "try:\n    start(Path('unused'))\nexcept CannotStart as refusal:\n    print(refusal)"
    )
    told = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
    )
    assert "CASEWAY_DATABASE_URL" in told.stdout


def test_a_socket_without_a_server_behind_it_is_not_taken_for_one(folder: Path) -> None:
    with begin(folder):
        pass
    left = folder / "postgresql" / "socket" / ".s.PGSQL.5432"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(left))
    assert left.exists()
    with begin(folder) as embedded:
        assert ask(embedded.dsn, "SELECT 1") == 1
