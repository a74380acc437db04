"""Runs a command's work on the opened database, and says what went wrong in words."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TypeVar

import typer

from caseway.cli.screen import say

if TYPE_CHECKING:
    import asyncpg

    from caseway.config import Settings
    from caseway.domain.connection import Connection
    from caseway.domain.ids import OrganisationId
    from caseway.store.registry import Registry
    from caseway.store.secrets import Secrets

T = TypeVar("T")


class Store(Protocol):
    """What `bootstrap` opens for a command."""

    @property
    def owner_dsn(self) -> str: ...
    @property
    def sync(self) -> "asyncpg.Pool[asyncpg.Record]": ...
    @property
    def secrets(self) -> "Secrets": ...
    @property
    def registry(self) -> "Registry": ...
    @property
    def organisation(self) -> "OrganisationId": ...


class Failed(Exception):
    """The command did not do what it was told; the text says why and what to do."""


def on_store(work: Callable[["Settings", Store], Awaitable[T]]) -> T:
    """Open the database at this version's schema, and do the work."""

    async def opened() -> T:
        from caseway import bootstrap, config

        settings = config.load()
        async with bootstrap.open_store(settings) as store:
            return await work(settings, store)

    with failures_said():
        return asyncio.run(opened())


def on_database(work: Callable[["Settings", str], Awaitable[T]]) -> T:
    """Reach the database whatever its schema is; the work gets the owner's address."""

    async def opened() -> T:
        from caseway import bootstrap, config

        settings = config.load()
        async with bootstrap.open_database(settings) as owner_dsn:
            return await work(settings, owner_dsn)

    with failures_said():
        return asyncio.run(opened())


@contextmanager
def failures_said() -> Iterator[None]:
    """What a person can mend ends the command with 1 and a sentence; a bug of ours stays loud."""
    try:
        yield
    except Exception as failure:
        cause = _single(failure)
        if not isinstance(cause, (Failed, *_mendable())):
            raise
        say(str(cause))
        raise typer.Exit(1) from failure


def _single(failure: Exception) -> Exception:
    """What is in a group of one: a task group wraps whatever one of its tasks raises."""
    while isinstance(failure, ExceptionGroup) and len(failure.exceptions) == 1:
        failure = failure.exceptions[0]
    return failure


def _mendable() -> tuple[type[Exception], ...]:
    """Imported only now: most commands end well, and help needs no database."""
    from caseway.bootstrap import CannotOpen
    from caseway.config import BadSettings
    from caseway.ports import Never, Refused
    from caseway.store.backup import BackupFailed
    from caseway.store.embedded import CannotStart
    from caseway.store.migrate import OtherBeginning
    from caseway.store.roles import RolesRefused, UnsafeRole
    from caseway.store.secrets import KeyTrouble

    return (
        BackupFailed,
        BadSettings,
        CannotOpen,
        CannotStart,
        KeyTrouble,
        Never,
        OtherBeginning,
        Refused,
        RolesRefused,
        UnsafeRole,
    )


async def connection_named(store: Store, name: str | None) -> "Connection":
    """The one of this name; without a name the only one there is. Raises `Failed`."""
    if name is not None:
        found = await store.registry.connections.named(store.organisation, name)
        if found is not None:
            return found
    every = [one.connection for one in await store.registry.connections.list(store.organisation)]
    if name is None and len(every) == 1:
        return every[0]
    names = ", ".join(one.name for one in every)
    if not every:
        raise Failed(
            "There is no connection to Creatio yet: caseway connection add --help says how to "
            "make one."
        )
    if name is None:
        raise Failed(f"There are several connections: say which one ({names}).")
    raise Failed(f"There is no connection {name}. There are: {names}.")
