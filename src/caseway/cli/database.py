"""caseway migrate, backup, restore: the database as a whole."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from caseway.cli.opening import on_database
from caseway.cli.screen import JSON, confirmed, examples, say, show_json

if TYPE_CHECKING:
    from caseway.config import Settings
    from caseway.store.backup import BackupReport


def add_to(app: typer.Typer) -> None:
    app.command(epilog=examples("caseway migrate"))(migrate)
    app.command(epilog=examples("caseway backup caseway-monday.dump"))(backup)
    app.command(
        epilog=examples(
            "caseway restore caseway-monday.dump",
            "caseway restore caseway-monday.dump --replace --yes",
        )
    )(restore)


def migrate() -> None:
    """Bring the database to the schema of this version. `serve` does it by itself."""

    async def work(_settings: "Settings", owner_dsn: str) -> None:
        from caseway.store.migrate import HEAD
        from caseway.store.migrate import migrate as run

        done = await run(owner_dsn)
        said = f"was brought to {HEAD} ({', '.join(done)})" if done else f"is at {HEAD} already"
        say(f"The database {said}.")

    on_database(work)


def backup(
    *,
    file: Annotated[Path, typer.Argument(help="A new file; it must not exist.")],
    json: Annotated[bool, JSON] = False,
) -> None:
    """Write the whole database into a file; all goes on running.

    The secret keys are not in it: keep them elsewhere.
    """

    async def work(_settings: "Settings", owner_dsn: str) -> None:
        from caseway.store.backup import backup as write

        report = await write(owner_dsn, file.absolute(), _progress(json=json))
        _tell(report, f"{report.file}: {report.size_bytes:,} bytes.", json=json)

    on_database(work)


def restore(
    *,
    file: Annotated[Path, typer.Argument(help="What caseway backup wrote.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Throw away what is in the database now.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: Annotated[bool, JSON] = False,
) -> None:
    """Read a backup into an empty database. Stop every caseway that uses it first."""
    if replace:
        confirmed("Everything in the database now will be lost. Go on?", yes=yes)

    async def work(_settings: "Settings", owner_dsn: str) -> None:
        from caseway.store.backup import restore as read
        from caseway.store.migrate import migrate as run

        report = await read(owner_dsn, file.absolute(), _progress(json=json), replace=replace)
        await run(owner_dsn)
        _tell(report, f"{report.file} is restored.", json=json)

    on_database(work)


def _progress(*, json: bool) -> Callable[[str], None]:
    """Names each table as its turn comes."""
    return (lambda _table: None) if json else (lambda table: say(f"  {table}"))


def _tell(report: "BackupReport", said: str, *, json: bool) -> None:
    if json:
        show_json(
            {
                "file": str(report.file),
                "size_bytes": report.size_bytes,
                "revision": report.revision,
                "note": report.note,
            }
        )
        return
    typer.echo(said)
    say(report.note)
