"""Secrets come from a file or standard input: an argument is seen by everyone on the machine."""

import sys
from pathlib import Path

import typer

from caseway.domain.secret import Secret


def read_secret(source: str, option: str) -> Secret:
    """The file's text without the line's end; `-` is standard input. Ends with 2 otherwise."""
    if source == "-":
        if sys.stdin.isatty():
            text = typer.prompt("Secret", hide_input=True, err=True)
        else:
            text = sys.stdin.read()
    else:
        try:
            text = Path(source).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as fault:
            why = fault.strerror if isinstance(fault, OSError) else "it is not text"
            raise typer.BadParameter(f"{source}: {why}", param_hint=option) from fault
    secret = text.strip("\r\n")
    if not secret:
        raise typer.BadParameter(f"{source} is empty", param_hint=option)
    if "\n" in secret:
        raise typer.BadParameter(
            f"{source} has several lines: it should hold the secret alone", param_hint=option
        )
    return Secret(secret)
