"""All commands, put together; one file for each group of verbs."""

from typing import Annotated

import typer

from caseway.cli import (
    channel,
    config,
    connection,
    database,
    key,
    running,
    secrets,
    telling,
    token,
    user,
)
from caseway.cli.screen import JSON, Commands, examples, show_json

app = typer.Typer(
    cls=Commands,
    name="caseway",
    help="Joins customer conversations with Creatio cases, both ways, without losing a message.",
    epilog=examples(
        "caseway demo     # see all of it on this machine",
        "caseway serve    # your own: open the link that it prints",
        "caseway connection add --name north --url https://north.creatio.com \\",
        "    --client-id 1BA1... --client-secret-file secret.txt",
        "caseway connection test north",
        "caseway channel add api --name shop --callback-url https://shop.example.com/caseway",
    ),
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # Rich would make every --help three times as slow
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(connection.app, name="connection")
app.add_typer(channel.app, name="channel")
app.add_typer(key.app, name="key")
app.add_typer(token.app, name="token")
app.add_typer(user.app, name="user")
app.add_typer(config.app, name="config")
app.add_typer(secrets.app, name="secrets")
database.add_to(app)
running.add_to(app)
telling.add_to(app)


@app.command(epilog=examples("caseway version", "caseway version --json"))
def version(*, json: Annotated[bool, JSON] = False) -> None:
    """Say which version this is, and which schema it wants."""
    import platform
    from importlib.metadata import version as version_of

    from caseway.store.migrate import HEAD

    found = {"caseway": version_of("caseway"), "schema": HEAD, "python": platform.python_version()}
    if json:
        show_json(found)
    else:
        typer.echo(f"caseway {found['caseway']}")
