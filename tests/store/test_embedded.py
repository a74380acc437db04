"""The embedded server starts, is adopted, outlives kills, and ends with its last user."""

import os
import signal
import socket
import subprocess
import threading
from pathlib import Path

import psutil

from caseway.store.embedded import start
from caseway.store.embedded.account import for_server
from caseway.store.embedded.server import Embedded
from tests.store.embedding import (
    PATIENCE_SECONDS,
    accepts,
    another_user,
    ask,
    begin,
    ended,
    first_line,
    postmaster,
    run,
    until,
)

STOPPED = {psutil.STATUS_STOPPED}


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
            "max_connections": "200",
            "TimeZone": "UTC",
        }
        for name, value in settings.items():
            assert ask(embedded.dsn, f"SHOW {name}") == value
        sql = "SELECT concat(datlocprovider, datlocale) FROM pg_database WHERE datname = 'caseway'"
        assert ask(embedded.dsn, sql) == "bC.UTF-8"
    assert not accepts(embedded.dsn)


def test_what_was_kept_is_there_after_a_restart(embedded_folder: Path) -> None:
    with begin(embedded_folder) as embedded:
        run(embedded.dsn, "CREATE TABLE kept AS SELECT 42 AS n")
    with begin(embedded_folder) as embedded:
        assert ask(embedded.dsn, "SELECT n FROM kept") == 42


def test_the_last_user_stops_the_server(embedded_folder: Path) -> None:
    first = begin(embedded_folder)
    second = begin(embedded_folder)
    assert second.adopted
    assert second.dsn == first.dsn
    server = postmaster(embedded_folder)

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
    embedded_folder: Path,
) -> None:
    with another_user(embedded_folder) as user:
        dsn = first_line(user)
        server = postmaster(embedded_folder)
        user.kill()
        user.wait()
    assert accepts(dsn)

    with begin(embedded_folder) as embedded:
        assert embedded.adopted
        assert postmaster(embedded_folder) == server
    until(lambda: ended(server))


def test_a_server_does_not_end_with_the_process_that_started_it(embedded_folder: Path) -> None:
    with another_user(embedded_folder) as user:
        first_line(user)
        with begin(embedded_folder) as embedded:
            assert embedded.adopted
            user.communicate(timeout=PATIENCE_SECONDS)  # it leaves in order
            assert ask(embedded.dsn, "SELECT 1") == 1


def test_a_killed_server_recovers_what_was_committed(embedded_folder: Path) -> None:
    with begin(embedded_folder) as before:
        run(before.dsn, "CREATE TABLE kept AS SELECT 42 AS n")
        os.kill(postmaster(embedded_folder), signal.SIGKILL)
        until(lambda: not accepts(before.dsn))
        with begin(embedded_folder) as embedded:
            assert not embedded.adopted
            assert embedded.dsn == before.dsn
            assert ask(embedded.dsn, "SELECT n FROM kept") == 42


def test_a_killed_server_is_revived_by_who_still_uses_it(embedded_folder: Path) -> None:
    with begin(embedded_folder) as embedded:
        assert not embedded.revive()
        os.kill(postmaster(embedded_folder), signal.SIGKILL)
        until(lambda: not accepts(embedded.dsn))
        assert embedded.revive()
        assert ask(embedded.dsn, "SELECT 1") == 1


def test_a_killed_server_whose_parent_never_buries_it_is_replaced(embedded_folder: Path) -> None:
    """The pid of a zombie exists, as it does in a container whose first process reaps nothing."""
    with another_user(embedded_folder) as user:
        dsn = first_line(user)
        server = postmaster(embedded_folder)
        parent = psutil.Process(user.pid)
        parent.suspend()
        # A thread of it that waits for its child may still take one until it, too, has stopped.
        until(lambda: {psutil.Process(each.id).status() for each in parent.threads()} == STOPPED)
        os.kill(server, signal.SIGKILL)
        until(lambda: not accepts(dsn))
        until(lambda: psutil.Process(server).status() == psutil.STATUS_ZOMBIE)
        with begin(embedded_folder) as embedded:
            assert ask(embedded.dsn, "SELECT 1") == 1
            assert psutil.Process(server).status() == psutil.STATUS_ZOMBIE


def test_a_pid_that_belongs_to_somebody_else_by_now_is_no_server(embedded_folder: Path) -> None:
    with begin(embedded_folder) as embedded:
        os.kill(postmaster(embedded_folder), signal.SIGKILL)
        until(lambda: not accepts(embedded.dsn))
    # One that the server's account could signal, or PostgreSQL would know by itself.
    stranger = subprocess.Popen(
        ["/bin/sh", "-c", "read line"], stdin=subprocess.PIPE, **for_server().identity
    )
    try:
        for name in ("cluster/postmaster.pid", "socket/.s.PGSQL.5432.lock"):
            file = embedded_folder / "postgresql" / name
            file.write_text("\n".join([str(stranger.pid), *file.read_text().split("\n")[1:]]))
        with begin(embedded_folder) as embedded:
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


def test_a_socket_without_a_server_behind_it_is_not_taken_for_one(embedded_folder: Path) -> None:
    with begin(embedded_folder):
        pass
    left = embedded_folder / "postgresql" / "socket" / ".s.PGSQL.5432"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(left))
    assert left.exists()
    with begin(embedded_folder) as embedded:
        assert ask(embedded.dsn, "SELECT 1") == 1
