"""The files of one embedded PostgreSQL: where they lie, how they are made, what is set."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from caseway.store.embedded.account import Account
from caseway.store.embedded.binaries import Binaries, CannotStart

OWNER: Final = "caseway"
DATABASE: Final = "caseway"
ADMINISTRATOR: Final = "postgres"
SOCKET: Final = ".s.PGSQL.5432"
LONGEST_SOCKET_PATH: Final = 103  # bytes; the kernel's limit, less on a Mac than on Linux
ENVIRONMENT: Final = {"LC_ALL": "C", "PATH": os.defpath}  # no PG… variable of the caller's

SETTINGS: Final[Mapping[str, str]] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",  # a serve takes up to 36 and a worker 24; unused ones cost little
    "shared_buffers": "64MB",
    "wal_compression": "pglz",  # the package is built without lz4
    "random_page_cost": "1.1",
    "jit": "off",  # our statements are short: compiling them costs more than it gains
    "io_method": "sync",  # saves three processes; what we read is in memory
    "timezone": "UTC",
    "log_timezone": "UTC",
    # The server's log must hold no address and no message: no statements, no row contents.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
# One command on each line: how `postgres --single` wants them.
FIRST_COMMANDS: Final = f"""\
CREATE ROLE {OWNER} LOGIN CREATEROLE CREATEDB;
CREATE DATABASE {DATABASE} OWNER {OWNER};
"""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Everything below is ours; only `files` and `sockets` belong to the server's account."""

    home: Path

    @property
    def files(self) -> Path:
        return self.home / "cluster"

    @property
    def configuration(self) -> Path:
        return self.home / "settings"

    @property
    def log(self) -> Path:
        return self.home / "server.log"

    @property
    def sockets(self) -> Path:
        """In the data folder, or, if that path is too long for a socket, in a short one."""
        near = self.home / "socket"
        if len(os.fsencode(near / SOCKET)) <= LONGEST_SOCKET_PATH:
            return near
        mark = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]
        return Path("/tmp") / f"caseway-{os.geteuid()}-{mark}"  # noqa: S108 - see `prepare`

    @property
    def socket(self) -> Path:
        return self.sockets / SOCKET


def prepare(
    cluster: Cluster, binaries: Binaries, account: Account, settings: Mapping[str, str]
) -> None:
    """Make what is missing before a start. The caller holds the start lock."""
    if (cluster.files / "PG_VERSION").exists():
        _refuse_other_version(cluster, binaries)
    else:
        _create(cluster, binaries, account, sync=settings.get("fsync") != "off")
    _private_folder(cluster.sockets, account)
    _configure(cluster, account, settings)


def _refuse_other_version(cluster: Cluster, binaries: Binaries) -> None:
    made_by = (cluster.files / "PG_VERSION").read_text().strip()
    if made_by != binaries.major:
        raise CannotStart(
            f"{cluster.files} was made by PostgreSQL {made_by}, and this Caseway brings "
            f"{binaries.major}: write a backup with the Caseway that made it (caseway backup), "
            f"move {cluster.home} away, and read the backup with this one (caseway restore)."
        )


def _create(cluster: Cluster, binaries: Binaries, account: Account, *, sync: bool) -> None:
    """A new cluster with our owner and database, whole or not at all."""
    half = cluster.home / "cluster.half"
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(mode=0o700)
    account.give(half)
    initdb = [
        *(binaries.program("initdb"), "--pgdata", str(half), "--username", ADMINISTRATOR),
        *("--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
        *("--auth-local=peer", "--auth-host=reject", "--no-instructions"),
        *(() if sync else ("--no-sync",)),
    ]
    single = [
        *(binaries.program("postgres"), "--single", "-D", str(half)),
        *("-c", "exit_on_error=on", "-c", f"fsync={'on' if sync else 'off'}", ADMINISTRATOR),
    ]
    for command, text in ((initdb, ""), (single, FIRST_COMMANDS)):
        done = subprocess.run(  # noqa: S603 - our own program and arguments
            command,
            input=text,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env=ENVIRONMENT,
            **account.identity,
        )
        if done.returncode:
            raise CannotStart(f"PostgreSQL could not create {half}: {done.stderr.strip()}")
    # CRASH HERE: a half made cluster, under a name that the next start throws away.
    half.rename(cluster.files)
    _flush(cluster.home)


def _private_folder(folder: Path, account: Account) -> None:
    """The folder may lie below /tmp, where anybody could have made it before us."""
    try:
        folder.mkdir(mode=0o700)
        account.give(folder)
    except FileExistsError:
        found = folder.lstat()
        if folder.is_symlink() or found.st_uid != account.user or found.st_mode & 0o077:
            raise CannotStart(f"{folder} is not a private folder of ours: remove it.") from None


def _configure(cluster: Cluster, account: Account, settings: Mapping[str, str]) -> None:
    """Written before each start, in a folder of ours that the server can only read."""
    folder = cluster.configuration
    folder.mkdir(exist_ok=True)
    everything = {
        **SETTINGS,
        "hba_file": str(folder / "pg_hba.conf"),
        "ident_file": str(folder / "pg_ident.conf"),
        "unix_socket_directories": str(cluster.sockets),
        **settings,
    }
    texts = {
        "postgresql.conf": "".join(
            f"{name} = {_quoted(text)}\n" for name, text in everything.items()
        ),
        "pg_hba.conf": "local all all peer map=caseway\n",
        # The system says who is at the other end of the socket; nobody else is let in.
        "pg_ident.conf": "".join(
            f'caseway "{account.ours}" {role}\n' for role in (OWNER, ADMINISTRATOR)
        ),
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o644)
    folder.chmod(0o755)


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
