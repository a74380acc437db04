"""The verbs that look and heal: doctor, replay, sweep."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from caseway.cli.opening import Failed, Store, on_store
from caseway.cli.screen import JSON, examples, say, show_json, show_json_line, show_table

if TYPE_CHECKING:
    from caseway.config import Settings
    from caseway.ports import Check
    from caseway.ports.retries import DeadLetter

EVERY = 100_000  # dead letters, among which one is looked for by its id
SHORT = 8  # of an id, where a person reads it
SIGNS = {"ok": "ok    ", "warn": "look  ", "unknown": "?     ", "failed": "FAILED"}


def add_to(app: typer.Typer) -> None:
    app.command(epilog=examples("caseway doctor", "caseway doctor --plan SR00000042"))(doctor)
    app.command(
        epilog=examples("caseway replay", "caseway replay --all", "caseway replay --id 1f3a90c2")
    )(replay)
    app.command(
        epilog=examples("caseway sweep", "caseway sweep --connection north", "caseway sweep --full")
    )(sweep)


def doctor(
    plan: Annotated[
        str,
        typer.Option(
            metavar="CONVERSATION",
            help="Say what this conversation is owed, and why: its id, or its case's number.",
        ),
    ] = "",
    json: Annotated[bool, JSON] = False,
) -> None:
    """Check every connection, or explain one conversation.

    Each fault is told with its remedy.

    Ends with 1 if a check failed.
    """
    if plan:
        _show_plan(on_store(lambda _settings, store: _plan(store, plan)), json=json)
        return
    if not on_store(lambda settings, store: _examine(settings, store, json=json)):
        raise typer.Exit(1)


async def _examine(settings: "Settings", store: Store, *, json: bool) -> bool:
    from caseway.doctor import examine, key_note, public_url_warning

    fine, several = True, False
    async for name, check in examine(store, settings):  # type: ignore[arg-type] # bootstrap's own
        several = True
        fine = fine and check.mark != "failed"
        if json:
            show_json_line({"connection": name, **_of_check(check)})
            continue
        sign = SIGNS[check.mark]
        typer.echo(f"{sign}  {name}: {check.name}: {check.detail}")
        for line in advice(check):
            typer.echo(f"        {line}")
    if not several:
        say("No connection yet. Add one: caseway connection add --help")
    say(key_note(settings))
    warning = public_url_warning(settings)
    if warning:
        say(warning)
    return fine


def advice(check: "Check") -> list[str]:
    """What to do about it, a line each."""
    lines = [check.remedy] if check.remedy else []
    if check.place and check.place.clicks:
        lines.append(f"In Creatio: {check.place.clicks}")
    if check.place:
        lines.append(f"Open: {check.place.url}")
    return lines


def _of_check(check: Any) -> dict[str, Any]:
    return {
        "check": check.name,
        "mark": str(check.mark),
        "detail": check.detail,
        "remedy": check.remedy,
        "open": check.place.url if check.place else None,
        "seconds": check.elapsed.total_seconds(),
    }


async def _plan(store: Store, name: str) -> Any:
    from caseway.doctor import tell_plan

    found = await tell_plan(store, name, now=datetime.now(tz=UTC))  # type: ignore[arg-type] # bootstrap's own
    if found is None:
        raise Failed(f"There is no conversation {name}: give its id, or its case's number.")
    return found


def _show_plan(found: Any, *, json: bool) -> None:
    if json:
        show_json(found)
        return
    typer.echo(f"Conversation {found.conversation}: {found.state}, case {found.case or 'none yet'}")
    typer.echo(f"Both sides agree on: {found.agreed}")
    if found.stopped:
        typer.echo(f"Stopped: {found.stopped}")
    typer.echo("Owed:")
    for line in found.owed:
        typer.echo(f"  - {line}")
    for line in found.waits:
        typer.echo(f"  - waits: {line}")
    typer.echo(f"Next look: {_moment(found.next_look)}")
    for run in found.journal:
        typer.echo(f"Looked at {_moment(run['at'])}:")
        for step in run["steps"]:
            why = f" ({step['why']})" if step["why"] else ""
            mark = "" if step["outcome"] == "done" else f" [{step['outcome']}]"
            typer.echo(f"  {step['ms']:>6} ms  {step['side']}: {step['deed']}{why}{mark}")


def _moment(text: str) -> str:
    """As tables have it; whatever is no moment stays as it is."""
    try:
        return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S} UTC"
    except ValueError:
        return text


def replay(
    every: Annotated[
        bool, typer.Option("--all", help="Try everything again that failed for good.")
    ] = False,
    id: Annotated[
        str, typer.Option("--id", help="Try one again: its id, or the id's beginning.")
    ] = "",
    conversation: Annotated[str, typer.Option(help="Only what belongs to this conversation.")] = "",
    limit: Annotated[
        int, typer.Option(min=1, max=100_000, help="At most so many of a kind.")
    ] = 100,
    json: Annotated[bool, JSON] = False,
) -> None:
    """List what failed for good; --all or --id tries it again.

    Without either this is the dry run: it changes nothing. What was delivered already is not
    sent twice: every attempt carries the id of the first.
    """
    found = on_store(
        lambda _settings, store: _replay(
            store, every=every, id=id, conversation=conversation, limit=limit, json=json
        )
    )
    if json:
        show_json([_of_letter(letter) for letter in found])
    elif not found:
        say("Nothing failed for good.")
    else:
        show_table(
            ("id", "what", "conversation", "since", "why"),
            [
                (
                    str(letter.id)[:SHORT],
                    letter.kind,
                    str(letter.conversation)[:SHORT],
                    letter.since,
                    letter.reason,
                )
                for letter in found
            ],
        )
        if every or id:
            say(f"Trying {len(found)} again.")
        else:
            say("Nothing was changed. Try them again: caseway replay --all")


def _of_letter(letter: "DeadLetter") -> dict[str, Any]:
    return {
        "id": str(letter.id),
        "kind": letter.kind,
        "conversation": str(letter.conversation),
        "since": letter.since.isoformat(),
        "reason": letter.reason,
    }


async def _replay(
    store: Store, *, every: bool, id: str, conversation: str, limit: int, json: bool
) -> "list[DeadLetter]":
    from uuid import UUID

    from caseway.domain.ids import ConversationId, ConversationKey
    from caseway.store.replays import PostgresReplays

    replays = PostgresReplays(store.sync)
    try:
        one = ConversationId(UUID(conversation)) if conversation else None
    except ValueError:
        raise Failed(f"{conversation} is not a conversation's id.") from None
    most = EVERY if id else limit
    found = list(await replays.dead_letters(store.organisation, conversation=one, limit=most))
    if id:
        found = [letter for letter in found if str(letter.id).startswith(id.lower())]
        if not found:
            raise Failed(f"Nothing that failed for good has the id {id}.")
        if len({letter.id for letter in found}) > 1:
            raise Failed(f"{len(found)} that failed begin with {id}: give more of the id.")
    if not (every or id):
        return found
    return [
        letter
        for letter in _with_progress(found, shown=not json)
        if await replays.replay(
            ConversationKey(store.organisation, letter.conversation), letter.kind, letter.id
        )
    ]


def _with_progress(letters: "list[DeadLetter]", *, shown: bool) -> Any:
    if not shown or len(letters) < 50:
        return letters
    from rich.console import Console
    from rich.progress import track

    return track(letters, "Owing again", console=Console(stderr=True))


def sweep(
    connection: Annotated[str, typer.Option(help="Only this connection.")] = "",
    full: Annotated[
        bool, typer.Option("--full", help="Also compare every open case now, as each night does.")
    ] = False,
    json: Annotated[bool, JSON] = False,
) -> None:
    """Ask Creatio now what changed, before the next sweep is due.

    Running workers do the asking; the command says what they were told.
    """
    found = on_store(lambda _settings, store: _sweep(store, connection, full=full))
    if json:
        show_json(found)
        return
    for name in found:
        more = " and compares every open case" if full else ""
        say(f"{name}: the next free worker asks Creatio for all that changed{more}.")


async def _sweep(store: Store, name: str, *, full: bool) -> list[str]:
    from caseway.store.sweeps import PostgresSweeps

    sweeps = PostgresSweeps(store.sync)
    chosen = [
        listed.connection
        for listed in await store.registry.connections.list(store.organisation)
        if not name or listed.connection.name == name
    ]
    if not chosen:
        raise Failed(f"There is no connection {name}." if name else "No connection yet.")
    for one in chosen:
        await sweeps.due([one.key])
        await sweeps.hurry(one.key, full=full)
    return [one.name for one in chosen]
