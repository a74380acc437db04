"""A fresh installation for one bench: PostgreSQL as shipped, one organisation, sides to speak with."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Final

from caseway.bootstrap import open_store
from caseway.config import Settings, load
from caseway.domain.connection import Auth, ChannelSettings, ConnectionSettings
from caseway.domain.ids import ChannelId, ConnectionKey, StatusId
from caseway.domain.secret import Secret
from caseway.domain.stock import STATUS_RESOLVED
from caseway.ports import Wanted
from caseway.store.embedded import start
from caseway.store.embedded.cluster import ADMINISTRATOR, OWNER
from caseway.store.embedded.server import Embedded
from tests.bench.processes import Postgres, Running, running, said
from tests.database import data_folder

LOOPBACK: Final = "127.0.0.0/8"
CASEWAY: Final = (sys.executable, "-m", "caseway")
NAME: Final = "bench"
# Where nobody is to be reached: for benches that never look at a conversation.
NOWHERE: Final = "http://127.0.0.1:9"


@dataclass(slots=True)
class Ground:
    folder: Path
    server: Embedded  # our share in it
    dsn: str  # the owner's
    settings: Settings
    connection: ConnectionKey
    channel: ChannelId
    token: str
    api_key: str
    postgres: Postgres

    @property
    def administrator_dsn(self) -> str:
        """Of the server's superuser, for what is made in bulk or looked up in its statistics."""
        return self.dsn.replace(f"//{OWNER}@", f"//{ADMINISTRATOR}@", 1)

    @property
    def environment(self) -> dict[str, str]:
        return {
            **{k: v for k, v in os.environ.items() if not k.startswith("CASEWAY_")},
            "CASEWAY_CONFIG": str(self.folder),
            "CASEWAY_DATA": str(self.folder),
            "CASEWAY_SECRET_KEY_FILE": str(self.settings.secret_key_file),
            "CASEWAY_ALLOWED_NETWORKS": LOOPBACK,
            "CASEWAY_LOG_LEVEL": "warning",
        }

    async def without_its_server(self, work: "Callable[[Ground], Awaitable[float]]") -> float:
        """PostgreSQL is stopped: whoever does the work brings it up. Afterwards it runs again."""
        await asyncio.to_thread(self.server.close)
        try:
            return await work(self)
        finally:
            self.server = await asyncio.to_thread(start, self.folder, None)

    @asynccontextmanager
    async def serve(
        self, *options: str, under: tuple[str, ...] = CASEWAY
    ) -> AsyncIterator["Served"]:
        """`caseway serve` on a free port, once it answers."""
        async with self.answering((*under, "serve", "--port", "0", *options)) as served:
            yield served

    @asynccontextmanager
    async def answering(self, command: tuple[str, ...]) -> AsyncIterator["Served"]:
        """Any program that says where it answers, once it does."""
        words = self.folder / f"{command[2].rpartition('.')[2]}.log"
        async with running(command, words, self.environment) as process:
            found = await said(process, r"answers at (http://127\.0\.0\.1:\d+)")
            yield Served(process, found[1])


@dataclass(frozen=True, slots=True)
class Served:
    process: Running
    address: str


@asynccontextmanager
async def open_ground(
    creatio: str = NOWHERE,
    callback: str = NOWHERE,
    *,
    postgres: Mapping[str, str] | None = None,
) -> AsyncIterator[Ground]:
    """`postgres`: settings beside those that we ship."""
    with data_folder() as folder, _configured_by(folder):
        server = await asyncio.to_thread(start, folder, postgres)
        try:
            ground = await _configure(folder, server, creatio, callback)
        except BaseException:
            await asyncio.to_thread(server.close)
            raise
        try:
            yield ground
        finally:
            await asyncio.to_thread(ground.server.close)


@contextmanager
def _configured_by(folder: Path) -> Iterator[None]:
    """No file and no variable of another installation counts."""
    before = {k: v for k, v in os.environ.items() if k.startswith("CASEWAY_")}
    for name in before:
        del os.environ[name]
    os.environ["CASEWAY_CONFIG"] = str(folder)
    try:
        yield
    finally:
        del os.environ["CASEWAY_CONFIG"]
        os.environ.update(before)


async def _configure(folder: Path, server: Embedded, creatio: str, callback: str) -> Ground:
    settings = load(
        data=folder,
        secret_key_file=folder / "secret.key",
        allowed_networks=(ip_network(LOOPBACK),),
    )
    async with open_store(settings) as store:
        registry, organisation = store.registry, store.organisation
        connection, _ = await registry.connections.put(
            organisation,
            Wanted(
                name=NAME,
                base_url=creatio,
                auth=Auth.OAUTH,
                login=NAME,
                secret=Secret(NAME),
                settings=ConnectionSettings(
                    resolved_status=StatusId(STATUS_RESOLVED), calls_a_day=None
                ),
            ),
            actor=NAME,
        )
        api, _ = await registry.channels.put(
            organisation,
            connection.id,
            "api",
            "api",
            ChannelSettings(callback_url=callback),
            actor=NAME,
        )
        key = await registry.keys.create(organisation, NAME, actor=NAME)
        token = await registry.tokens.ensure(connection.key, actor=NAME)
    return Ground(
        folder=folder,
        server=server,
        dsn=server.dsn,
        settings=settings,
        connection=connection.key,
        channel=api.id,
        token=token.reveal(),
        api_key=key.reveal(),
        postgres=Postgres.of(folder),
    )
