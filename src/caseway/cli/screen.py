"""How the commands speak: results to standard output, everything else to standard error."""

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import typer
from typer.core import TyperGroup

JSON: Final = typer.Option("--json", help="For scripts: JSON on standard output.")


def examples(*lines: str) -> str:
    """The end of a command's help; the first character keeps the lines as they are."""
    return "\b\n" + "\n".join(["Examples:", *(f"  {line}" for line in lines)])


class Commands(TyperGroup):
    """Lists its commands by their whole first sentences; the framework would cut them to a line."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        rows = [
            (name, command.get_short_help_str(limit=1000))
            for name in self.list_commands(ctx)
            if (command := self.get_command(ctx, name)) is not None
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def say(text: str) -> None:
    typer.echo(text, err=True)


def show_json(value: object) -> None:
    import msgspec

    typer.echo(msgspec.json.format(msgspec.json.encode(value, order="deterministic")).decode())


def show_json_line(value: object) -> None:
    import msgspec

    typer.echo(msgspec.json.encode(value))


def show_table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Drawn for a terminal; for anything else a line each, separated by tabs, nothing cut off."""
    texts = [[_text(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for row in [[heading.upper() for heading in headings], *texts]:
            typer.echo("\t".join(row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for position, heading in enumerate(headings):
        table.add_column(heading, overflow="fold", no_wrap=position == 0)  # names stay whole
    for row in texts:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)


def _text(cell: object) -> str:
    match cell:
        case None | "" | [] | ():
            return "-"
        case datetime():
            return cell.strftime("%Y-%m-%d %H:%M:%S UTC")
        case bool():
            return "yes" if cell else "no"
        case list() | tuple():
            return ", ".join(map(str, cell))
        case _:
            return " ".join(str(cell).split())  # a line: it may be somebody else's words


def cut(text: str | None, most: int = 80) -> str:
    """To a line of a table; whoever wants the whole asks for JSON."""
    line = " ".join((text or "").split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def confirmed(question: str, *, yes: bool) -> None:
    """Ask a person; a script has to say --yes. Ends the command otherwise."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise typer.BadParameter("say --yes to do this without being asked", param_hint="--yes")
    if not typer.confirm(question, err=True):
        raise typer.Exit(1)


def without_none(values: dict[str, Any]) -> dict[str, Any]:
    """Options that were given."""
    return {name: value for name, value in values.items() if value is not None}
