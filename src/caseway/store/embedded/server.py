"""One running server for all who use a data folder: started, adopted, left, stopped.

Two lock files, because the kernel frees a lock however its holder ends: `start.lock` is
held only while someone starts or stops the server, `users.lock` is shared by everyone who
uses it, and whoever can take that one alone is the last. Whether the server lives is asked
of its socket, never of a process id: that may be a zombie's, or somebody else's by now.
"""

import fcntl
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

from caseway.store.embedded import cluster as files
from caseway.store.embedded.account import Account, claim, for_server
from caseway.store.embedded.binaries import Binaries, CannotStart, lend
from caseway.store.embedded.postmaster import Postmaster, recorded

GLANCE_SECONDS: Final = 0.005
REFUSED_SECONDS: Final = 60.0  # a busy machine holds the remains of a killed server for a while
STOP_SECONDS: Final = 60.0
LARGEST_LOG_BYTES: Final = 4 * 1024 * 1024


@dataclass(slots=True)
class Embedded:
    """Our share in the running server."""

    folder: Path
    adopted: bool  # it ran already
    _cluster: files.Cluster
    _account: Account
    _bring_up: Callable[[], bool]  # the caller holds the start lock
    _users: int  # the open lock file; -1 once we left

    @property
    def dsn(self) -> str:
        return self.dsn_for(files.DATABASE)

    def dsn_for(self, database: str) -> str:
        """The address of another database of this server."""
        sockets = quote(str(self._cluster.sockets), safe="")
        return f"postgresql://{files.OWNER}@/{quote(database, safe='')}?host={sockets}"

    def revive(self) -> bool:
        """Bring the server back if it was killed under us; False if it lives, or we have left."""
        with _alone(self._cluster.home / "start.lock"):
            return self._users >= 0 and self._bring_up()

    def close(self) -> None:
        """Leave; the last one stops the server."""
        if self._users < 0:
            return
        with _alone(self._cluster.home / "start.lock"):
            try:
                fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass  # others still use it
            else:
                _stop(self._cluster, self._account)
            finally:
                os.close(self._users)
                self._users = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def join(folder: Path, binaries: Binaries, settings: Mapping[str, str]) -> Embedded:
    folder = folder.resolve()
    account = for_server()
    claim(folder, account)
    cluster = files.Cluster(folder / "postgresql")
    cluster.home.mkdir(exist_ok=True)
    cluster.home.chmod(0o711 if account.borrowed else 0o700)

    def bring_up() -> bool:
        if _adopted(cluster):
            return False
        # Never below a running server: the copy it was started from may be an older one.
        ours = lend(binaries, cluster.home / "binaries") if account.borrowed else binaries
        files.prepare(cluster, ours, account, settings)
        _launch(cluster, ours, account)
        return True

    users = os.open(cluster.home / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        with _alone(cluster.home / "start.lock"):
            fcntl.flock(users, fcntl.LOCK_SH)
            started = bring_up()
    except BaseException as failure:
        os.close(users)
        if isinstance(failure, PermissionError):  # root in a container that may not be nobody
            raise CannotStart(
                f"PostgreSQL cannot be run under another account here ({failure}): "
                "run Caseway as another user than root, or set CASEWAY_DATABASE_URL."
            ) from failure
        raise
    return Embedded(folder, not started, cluster, account, bring_up, users)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _accepts(cluster: files.Cluster) -> bool:
    with socket.socket(socket.AF_UNIX) as caller:
        try:
            caller.connect(str(cluster.socket))
        except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
            return False
    return True


def _adopted(cluster: files.Cluster) -> bool:
    """Whether a server lives here; if it is still starting or stopping, wait how that ends."""
    while _accepts(cluster):
        if recorded(cluster.files).ready:
            return True
        time.sleep(GLANCE_SECONDS)
    return False


def _launch(cluster: files.Cluster, binaries: Binaries, account: Account) -> None:
    deadline = time.monotonic() + REFUSED_SECONDS
    while True:
        server = _spawn(cluster, binaries, account, recorded(cluster.files))
        while server.poll() is None:  # recovery takes the time that it takes
            found = recorded(cluster.files)
            if found.ready and found.pid == server.pid:
                return
            time.sleep(GLANCE_SECONDS)
        # A server that fails removes its pid file. If one is left, it is of a killed
        # server whose last sessions still have to notice that it is gone.
        if recorded(cluster.files) == Postmaster.absent() or time.monotonic() > deadline:
            words = cluster.log.read_text(errors="replace").strip().splitlines()[-3:]
            raise CannotStart(f"PostgreSQL did not start ({cluster.log}): {' / '.join(words)}")
        time.sleep(0.1)


def _spawn(
    cluster: files.Cluster, binaries: Binaries, account: Account, before: Postmaster
) -> subprocess.Popen[bytes]:
    environment = dict(files.ENVIRONMENT)
    if before.dead:
        # PostgreSQL trusts a pid file whose process exists. Of its own grandparent it knows
        # better: so it gets that name for a zombie, or a stranger with the same number. It
        # still asks whether the memory of the former server is in use, and refuses then.
        environment["PG_GRANDPARENT_PID"] = str(before.pid)
    with suppress(FileNotFoundError):
        if cluster.log.stat().st_size > LARGEST_LOG_BYTES:
            cluster.log.replace(cluster.log.with_suffix(".log.old"))
    cluster.log.touch(mode=0o600)
    with cluster.log.open("ab") as log:
        configuration = cluster.configuration / "postgresql.conf"
        server = subprocess.Popen(  # noqa: S603 - our own program and arguments
            [
                *(binaries.program("postgres"), "-D", str(cluster.files)),
                *("-c", f"config_file={configuration}"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=environment,
            start_new_session=True,  # it outlives us and the keys pressed in our terminal
            **account.identity,
        )
    # Whoever started it must also bury it, or a killed server stays as a zombie.
    threading.Thread(target=server.wait, name="embedded-postgres", daemon=True).start()
    return server


def _stop(cluster: files.Cluster, account: Account) -> None:
    if not _accepts(cluster):
        return
    server = recorded(cluster.files)
    for signal in ("INT", "QUIT"):  # fast; then at once, which the next start repairs
        # Sent under the server's account: the number comes from a file of its own.
        subprocess.run(  # noqa: S603 - the shell's own kill, and a number
            ["/bin/sh", "-c", f"kill -{signal} {server.pid}"],
            check=False,
            capture_output=True,
            cwd="/",
            env=files.ENVIRONMENT,
            **account.identity,
        )
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline:
            if recorded(cluster.files).pid != server.pid:
                if cluster.sockets.parent != cluster.home:
                    shutil.rmtree(cluster.sockets)
                return
            time.sleep(GLANCE_SECONDS)
