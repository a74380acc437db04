"""caseway config: every setting, and where it comes from."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from caseway.cli.opening import failures_said
from caseway.cli.screen import JSON, Commands, examples, say, show_json, show_table
from caseway.domain.secret import MASK, Secret

if TYPE_CHECKING:
    from caseway.config import Settings

app = typer.Typer(cls=Commands, help="The settings of this installation.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keeps `show` a command of its own while it is the only one."""


@app.command(epilog=examples("caseway config show", "caseway config show --json"))
def show(*, json: Annotated[bool, JSON] = False) -> None:
    """Show every setting, its value and where it comes from. Secrets are masked."""
    from caseway.config import configuration_file, load

    with failures_said():
        settings = load()
        file = configuration_file()
    lines = shown(settings)
    if json:
        show_json(lines)
    else:
        show_table(
            ["setting", "value", "from", "what it is"],
            [(one.name, one.value, one.source, one.about) for one in lines],
        )
        say(f"The file is {file}{'' if file.exists() else ' (not there)'}.")
    for name in misspelt():
        say(f"{name} is set in the environment and is no setting: is it misspelt?")


@dataclass(frozen=True, slots=True)
class Shown:
    """One setting as people may see it."""

    name: str  # of the environment variable
    value: str | int | bool | list[str] | None
    source: str  # option, environment, file or default
    about: str


def shown(settings: "Settings") -> Sequence[Shown]:
    """Every setting with its source; secrets are masked."""
    from caseway.config import PREFIX

    return [
        Shown(
            name=f"{PREFIX}{name.upper()}",
            value=_masked(getattr(settings, name)),
            source=settings.source(name),
            about=field.description or "",
        )
        for name, field in type(settings).model_fields.items()
    ]


def _masked(value: object) -> str | int | bool | list[str] | None:
    match value:
        case None | bool() | int():
            return value
        case tuple():
            return [str(part) for part in value]
        case Secret():
            return _without_password(value.reveal())
        case _:
            return str(value)


def _without_password(address: str) -> str:
    """A database's address for people; its query may hold a password as well."""
    parts = urlsplit(address)
    user, at, place = parts.netloc.rpartition("@")
    name = f"{user.partition(':')[0]}:{MASK}" if ":" in user else user
    return f"{parts.scheme}://{name}{at}{place}{parts.path}{'?' + MASK if parts.query else ''}"


def misspelt() -> Sequence[str]:
    """Variables of the environment that look like settings and are none."""
    from caseway.config import PREFIX, Settings

    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | {f"{PREFIX}CONFIG"}
    return sorted(
        name
        for name in os.environ
        if name.startswith(PREFIX) and name not in known and not name.startswith("CASEWAY_TEST_")
    )
