"""caseway secrets: the keys that everything secret is encrypted with."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from caseway.cli.opening import Failed, Store, failures_said, on_store
from caseway.cli.screen import Commands, examples, say

if TYPE_CHECKING:
    from caseway.config import Settings

app = typer.Typer(cls=Commands, help="The keys that encrypt secrets at rest.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keeps `rotate` a command of its own while it is the only one."""


@app.command(
    epilog=examples(
        "caseway secrets rotate --new-key    first: a new key, before the others",
        "systemctl restart caseway           then every running caseway reads it",
        "caseway secrets rotate              last: everything under the new key",
    )
)
def rotate(
    *,
    new_key: Annotated[
        bool, typer.Option("--new-key", help="Only put a new key before those in the key file.")
    ] = False,
) -> None:
    """Encrypt every secret in the database with the newest key.

    Former keys stay readable until this is done: so put a new key first, restart what runs,
    then rotate; only then take the former keys away.
    """
    if new_key:
        with failures_said():
            _put_new_key()
    else:
        on_store(_rewrite)


def _put_new_key() -> None:
    from caseway.bootstrap import open_secrets
    from caseway.config import load
    from caseway.store.secrets import new_key

    settings = load()
    if settings.secret_keys:
        raise Failed(
            "The keys come from CASEWAY_SECRET_KEYS: put a new one first there, before the others, "
            "and restart what runs."
        )
    open_secrets(settings)  # is what is there in order?
    file = settings.secret_key_file
    try:
        _write_whole(file, f"{new_key()}\n{file.read_text(encoding='ascii')}")
    except OSError as failure:
        raise Failed(
            f"{file} could not be changed ({failure.strerror}), and is as it was. Let the account "
            "that runs this command write in its folder."
        ) from failure
    say(
        f"{file} has a new first key. Copy it to every machine that runs Caseway, restart what "
        "runs, then: caseway secrets rotate"
    )


def _write_whole(file: Path, text: str) -> None:
    """All or nothing: half a key file is no key."""
    draft = file.with_name(f".{file.name}.{uuid4()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as writing:
        writing.write(text)
        writing.flush()
        os.fsync(handle)
    # CRASH HERE: a draft remains that nobody reads; the keys are as they were.
    draft.replace(file)


async def _rewrite(_settings: "Settings", store: Store) -> None:
    from caseway.bootstrap import name_newest_key

    rewritten = await store.registry.rewrite_secrets()
    # CRASH HERE: everything has the newest key, the database still names a former one; again.
    await name_newest_key(store.owner_dsn, store.secrets)
    newest, *former = store.secrets.fingerprints
    say(f"{rewritten} secrets are encrypted with the key {newest}.")
    if former:
        say(f"The former keys ({', '.join(former)}) are not needed any more: take them away.")
    else:
        say("It is the only key. For another one: caseway secrets rotate --new-key")
