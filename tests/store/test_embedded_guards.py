"""Nobody else gets into the embedded server, and where it cannot be run it says so."""

import os
import pwd
import stat
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import psutil
import pytest

from caseway.store.embedded import CannotStart, start
from tests.store.embedding import ask, begin, postmaster, run


def test_nobody_else_is_let_in(embedded_folder: Path) -> None:
    with begin(embedded_folder) as embedded:
        home = embedded_folder / "postgresql"
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
        assert _listening(postmaster(embedded_folder)) == []


def _listening(pid: int) -> list[object]:
    """The addresses at which the server could be reached over a network."""
    process = psutil.Process(pid)
    return [found for found in process.net_connections("inet") if found.status == "LISTEN"]


def test_the_server_is_never_root(embedded_folder: Path) -> None:
    with begin(embedded_folder):
        uids = psutil.Process(postmaster(embedded_folder)).uids()
    expected = os.geteuid() or pwd.getpwnam("nobody").pw_uid
    assert set(uids) == {expected}


def test_no_statement_and_no_row_reaches_the_log(embedded_folder: Path) -> None:
    with begin(embedded_folder) as embedded:
        run(embedded.dsn, "CREATE TABLE kept (address text PRIMARY KEY)")
        insert = "INSERT INTO kept VALUES ('ada@example.com')"
        run(embedded.dsn, insert)
        with pytest.raises(asyncpg.UniqueViolationError):
            run(embedded.dsn, insert)
    log = (embedded_folder / "postgresql" / "server.log").read_text()
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


def test_another_major_version_is_refused_with_the_way_out(embedded_folder: Path) -> None:
    (embedded_folder / "postgresql" / "cluster" / "PG_VERSION").write_text("17\n")
    with pytest.raises(CannotStart, match=r"PostgreSQL 17.*caseway backup.*caseway restore"):
        begin(embedded_folder)


def test_a_server_that_cannot_run_says_why_and_leaves_no_lock(embedded_folder: Path) -> None:
    with pytest.raises(CannotStart, match="shared_buffers"):
        start(embedded_folder, {"fsync": "off", "shared_buffers": "plenty"})
    with begin(embedded_folder) as embedded:
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


def test_no_parent_folder_is_opened_to_the_world(embedded_folder: Path) -> None:
    before = [
        stat.S_IMODE(path.stat().st_mode) for path in (embedded_folder, *embedded_folder.parents)
    ]
    with begin(embedded_folder):
        pass
    after = [
        stat.S_IMODE(path.stat().st_mode) for path in (embedded_folder, *embedded_folder.parents)
    ]
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
