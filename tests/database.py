"""The ground of every test with a database: one server for all, a database for each.

The server is the embedded one, adopted by whichever test process comes next, or the one
that CASEWAY_TEST_DATABASE_URL names. A database is a copy of a migrated template.
"""

import asyncio
import contextlib
import hashlib
import itertools
import os
import platform
import shutil
import tempfile
import threading
import time
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from caseway.store.embedded import start
from caseway.store.embedded.server import Embedded
from caseway.store.migrate import migrate

T = TypeVar("T")
PATIENCE_SECONDS: Final = 120
LOCK: Final = 0x_7E57
USED: Final = 0x_7E58  # shared, with a template's name: it is not to be forgotten
# A test database is named for the machine and the process whose it is: who may sweep it.
PREFIX: Final = f"caseway_test_{hashlib.sha256(platform.node().encode()).hexdigest()[:6]}_"
STORE: Final = Path(__file__).parents[1] / "src" / "caseway" / "store"
# What makes a server fast and forgetful; a test about durability starts its own.
FORGETFUL: Final = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "300",
    "autovacuum_naptime": "1h",
}


class Background:
    """A loop in a thread of its own: synchronous tests and fixtures talk to PostgreSQL too."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[object, object, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_SECONDS)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_SECONDS)
        self._loop.close()


@dataclass(frozen=True, slots=True)
class Database:
    """One test's own database. `dsn` is the owner's; the roles are start-up parameters."""

    name: str
    dsn: str


class Server:
    """The server, with one open connection for making and dropping databases."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self._background = Background()
        self._connection = self._background.run(asyncpg.connect(dsn))
        self._numbers = itertools.count()
        self._sweep()

    def close(self) -> None:
        self._background.run(self._connection.close())
        self._background.close()

    def execute(self, sql: str) -> None:
        self._background.run(self._connection.execute(sql))

    def _fetchval(self, sql: str) -> object:
        return self._background.run(self._connection.fetchval(sql))

    def dsn_for(self, name: str) -> str:
        return urlunsplit(urlsplit(self.dsn)._replace(path="/" + quote(name)))

    def _names(self, prefix: str) -> list[str]:
        found = self._background.run(
            self._connection.fetch(
                "SELECT datname FROM pg_database WHERE starts_with(datname, $1)", prefix
            )
        )
        return [row["datname"] for row in found]

    def _sweep(self) -> None:
        """Drop what test processes left behind that were killed."""
        with self._alone():
            for name in self._names(PREFIX):
                pid = int(name.removeprefix(PREFIX).partition("_")[0])
                if pid == os.getpid() or not _lives(pid):  # we have made none yet
                    self.drop(name)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Other test processes wait here."""
        self.execute(f"SELECT pg_advisory_lock({LOCK})")
        try:
            yield
        finally:
            self.execute(f"SELECT pg_advisory_unlock({LOCK})")

    def _when_left(self, sql: str) -> None:
        """PostgreSQL waits for 5 s until all have left a database, which a busy machine exceeds."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return self.execute(sql)
            except asyncpg.ObjectInUseError:
                if time.monotonic() > deadline:
                    raise

    def drop(self, name: str) -> None:
        self._when_left(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def create(self, template: str) -> Database:
        name = f"{PREFIX}{os.getpid()}_{next(self._numbers)}"
        # Five times as fast as through the log; before 15 it is the only way.
        newer = self._connection.get_server_version().major >= 15
        strategy = "STRATEGY FILE_COPY" if newer else ""
        self._when_left(f"CREATE DATABASE {name} TEMPLATE {template} {strategy}")
        return Database(name, self.dsn_for(name))

    def forget_templates(self) -> None:
        """Drop those of former texts of the schema, unless another checkout's tests use them."""
        with self._alone():
            for name in self._names("caseway_template_"):
                lock = f"{USED}, hashtext('{name}')"
                if name != _template_name() and self._fetchval(
                    f"SELECT pg_try_advisory_lock({lock})"
                ):
                    self.drop(name)
                    self.execute(f"SELECT pg_advisory_unlock({lock})")

    def template(self) -> str:
        """A migrated database, made once for each text of the schema."""
        name = _template_name()
        with self._alone():
            self.execute(f"SELECT pg_advisory_lock_shared({USED}, hashtext('{name}'))")
            if name not in self._names("caseway_template_"):
                half = f"{name}_half"
                self.drop(half)
                self.execute(f"CREATE DATABASE {half}")
                self._background.run(migrate(self.dsn_for(half)))
                self._when_left(f"ALTER DATABASE {half} RENAME TO {name}")
        return name


@contextlib.contextmanager
def running_server() -> Iterator[Server]:
    """The one server of this machine's test runs; it stops with the last of them."""
    embedded: Embedded | None = None
    dsn = os.environ.get("CASEWAY_TEST_DATABASE_URL")
    if dsn is None:
        embedded = start(Path(tempfile.gettempdir()) / f"caseway-tests-{os.geteuid()}", FORGETFUL)
        dsn = embedded.dsn
    try:
        with contextlib.closing(Server(dsn)) as server:
            if embedded is not None and not embedded.adopted:
                server.forget_templates()
            yield server
    finally:
        if embedded is not None:
            embedded.close()


@contextlib.contextmanager
def data_folder() -> Iterator[Path]:
    """An empty data folder that the account of an embedded server may enter, even for root."""
    folder = Path(tempfile.mkdtemp(prefix="caseway-data-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _template_name() -> str:
    """Another one whenever anything changes that a migrated database is made of."""
    texts = sorted([*STORE.glob("*.sql"), *(STORE / "migrations").rglob("*.*")])
    digest = hashlib.sha256()
    for path in texts:
        if path.suffix in {".sql", ".py"}:
            digest.update(path.read_bytes())
    return f"caseway_template_{digest.hexdigest()[:12]}"


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # somebody else's, hence alive
    return True
