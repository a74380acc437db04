"""caseway connection: the Creatio instances that conversations are joined with."""

from typing import TYPE_CHECKING, Annotated

import typer

from caseway.cli import connection_options as options
from caseway.cli.opening import Failed, Store, connection_named, on_store
from caseway.cli.screen import (
    JSON,
    Commands,
    confirmed,
    cut,
    examples,
    say,
    show_json,
    show_json_line,
    show_table,
)
from caseway.cli.telling import advice
from caseway.cli.token import show_url
from caseway.domain.connection import Opening, Platform, Returning
from caseway.domain.reply_rule import Field, Ready
from caseway.domain.words import Language

if TYPE_CHECKING:
    from caseway.config import Settings
    from caseway.domain.connection import Connection
    from caseway.store.connections import Listed

app = typer.Typer(
    cls=Commands,
    help="Creatio instances: add, list, test, remove.",
    no_args_is_help=True,
)


@app.command(
    epilog=examples(
        "caseway connection add --name north --url https://north.creatio.com \\",
        "    --client-id 1BA1B1C1 --client-secret-file north.secret",
        "caseway connection add --name old --url https://crm.example.com \\",
        "    --user Caseway --password-file - --platform framework",
        "caseway connection add --name north --opening handoff     # changes that alone",
    )
)
def add(
    *,
    name: Annotated[str, typer.Option(help="What you call it.")],
    url: Annotated[str | None, typer.Option(metavar="URL", help="The instance's address.")] = None,
    client_id: Annotated[str | None, typer.Option(help="OAuth 2.0 client id.")] = None,
    client_secret_file: options.SecretFile = None,
    user: Annotated[str | None, typer.Option(help="Instead of OAuth: a user's name.")] = None,
    password_file: options.SecretFile = None,
    platform: Annotated[
        Platform | None, typer.Option(help="The runtime; found out by itself.")
    ] = None,
    identity_url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="The identity service, if it is not found by itself."),
    ] = None,
    time_zone: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Of the people who read the cases, such as Europe/Lisbon."
        ),
    ] = None,
    language: Annotated[
        Language | None, typer.Option(help="Of titles and notes in Creatio, for the agents.")
    ] = None,
    opening: Annotated[
        Opening | None, typer.Option(help="Open a case for every conversation, or on hand-off.")
    ] = None,
    returning: Annotated[
        Returning | None,
        typer.Option(help="A customer who writes after resolution: a new case, or the earlier."),
    ] = None,
    returning_hours: Annotated[
        float | None,
        typer.Option(min=0, help="With --returning reopen: how long after the resolution."),
    ] = None,
    resolved_status: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Status (id) that we set when it is resolved here."),
    ] = None,
    reopen_status: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Status (id) that we set when a customer writes again."),
    ] = None,
    resolved_statuses: Annotated[
        list[str] | None,
        typer.Option(
            "--means-resolved",
            metavar="ID",
            help="Status (id) that ends a conversation; repeatable.",
        ),
    ] = None,
    owner: Annotated[
        str | None, typer.Option(metavar="ID", help="Owner of new cases (contact id).")
    ] = None,
    group: Annotated[
        str | None, typer.Option(metavar="ID", help="Group of new cases (id).")
    ] = None,
    priority: Annotated[
        str | None, typer.Option(metavar="ID", help="Priority of new cases (id).")
    ] = None,
    origin: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND=ID",
            help="Case origin by kind of channel, api=ID or widget=ID; repeatable.",
        ),
    ] = None,
    channel_priority: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND=ID",
            help="Priority by kind of channel, api=ID or widget=ID; repeatable.",
        ),
    ] = None,
    activity_type: Annotated[
        str | None, typer.Option(metavar="ID", help="Type of the activities that we write (id).")
    ] = None,
    ready: Annotated[
        Ready | None, typer.Option(help="A reply is sent when created, or when finished.")
    ] = None,
    internal_marker: Annotated[
        str | None, typer.Option(help="A title that begins so is never sent.")
    ] = None,
    internal_column: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="An activity with this column set is never sent; empty: none."
        ),
    ] = None,
    reply_type: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID",
            help="A type whose activities are replies (id); repeatable, in place of "
            "Task and Email.",
        ),
    ] = None,
    reply_category: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="Only this category is sent (id); repeatable."),
    ] = None,
    reply_field: Annotated[
        Field | None, typer.Option(help="The field of a task that holds the text for the customer.")
    ] = None,
    leave_out: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="An author who is never sent (contact); repeatable."),
    ] = None,
    sweep: Annotated[
        bool | None, typer.Option("--sweep/--no-sweep", help="Ask for changes now and then.")
    ] = None,
    sweep_seconds: Annotated[
        float | None,
        typer.Option(min=0, max=3600, help="How often; 0: as budget and webhooks allow."),
    ] = None,
    calls_a_day: Annotated[
        int | None, typer.Option(min=0, help="Calls that the plan allows a day; 0: no limit.")
    ] = None,
    webhooks_a_minute: Annotated[
        int | None, typer.Option(min=0, help="More are answered 429; 0: no limit.")
    ] = None,
    json: Annotated[bool, JSON] = False,
) -> None:
    """Add a connection to Creatio, or change the one of this name; prints the webhook URL.

    What is not said keeps its value, or its default in a new one. Secrets come from a file, or
    from standard input with `-`. Running the same command twice does no harm.
    """
    said = options.Said(
        name=name,
        url=url,
        client_id=client_id,
        user=user,
        secret=options.secret(client_id, client_secret_file, user, password_file),
        platform=platform,
        identity_url=identity_url,
        settings=options.settings_said(
            time_zone=time_zone,
            language=language,
            opening=opening,
            returning=returning,
            returning_hours=returning_hours,
            resolved_status=resolved_status,
            reopen_status=reopen_status,
            resolved_statuses=resolved_statuses,
            owner=owner,
            group=group,
            priority=priority,
            origins=origin,
            channel_priorities=channel_priority,
            activity_type=activity_type,
            ready=ready,
            internal_marker=internal_marker,
            internal_column=internal_column,
            reply_types=reply_type,
            reply_categories=reply_category,
            field=reply_field,
            leave_out=leave_out,
            sweep=sweep,
            sweep_seconds=sweep_seconds,
            calls_a_day=calls_a_day,
            webhooks_a_minute=webhooks_a_minute,
        ),
    )

    async def work(settings: "Settings", store: Store) -> None:
        before = await store.registry.connections.named(store.organisation, name)
        wanted = options.wanted(said, before, settings)
        made, change = await store.registry.connections.put(store.organisation, wanted)
        token = await store.registry.tokens.ensure(made.key)
        say(f"The connection {name} ({made.base_url}) is {change}.")
        show_url(settings, name, token, json=json)
        if before is None:
            say(
                "Creatio calls this URL when an agent replies. Next: caseway connection test "
                f"{name}, then caseway channel add --help"
            )

    on_store(work)


@app.command("list", epilog=examples("caseway connection list", "caseway connection list --json"))
def list_(*, json: Annotated[bool, JSON] = False) -> None:
    """List the connections, with how each fares; its trouble whole with --json and in doctor."""

    async def work(_settings: "Settings", store: Store) -> None:
        found = await store.registry.connections.list(store.organisation)
        if json:
            show_json([_shown(one) for one in found])
            return
        if not found:
            say("There is no connection yet: caseway connection add --help")
            return
        show_table(
            ["name", "address", "signs in by", "time zone", "language", "last answer", "trouble"],
            [
                (
                    one.connection.name,
                    one.connection.base_url,
                    one.connection.auth,
                    one.connection.settings.time_zone,
                    one.connection.settings.language,
                    one.last_success_at,
                    cut(one.trouble),
                )
                for one in found
            ],
        )

    on_store(work)


def _shown(one: "Listed") -> dict[str, object]:
    connection = one.connection
    return {
        "id": connection.id,
        "name": connection.name,
        "base_url": connection.base_url,
        "identity_url": connection.identity_url,
        "platform": connection.platform,
        "auth": connection.auth,
        "login": connection.login,
        "version": connection.version,
        "settings": connection.settings,
        "trouble": one.trouble,
        "trouble_since": one.trouble_since,
        "last_success_at": one.last_success_at,
    }


@app.command(
    "test", epilog=examples("caseway connection test north", "caseway connection test --json")
)
def check(
    *,
    name: Annotated[str | None, typer.Argument(help="May be left out where there is one.")] = None,
    json: Annotated[bool, JSON] = False,
) -> None:
    """Check step by step that Creatio can be used, and say how to mend what fails.

    Ends with 1 if a check failed. With --json one line for each check, as it ends.
    """

    async def work(settings: "Settings", store: Store) -> bool:
        connection = await connection_named(store, name)
        return await _tested(settings, store, connection, json=json)

    if not on_store(work):
        raise typer.Exit(1)


async def _tested(
    settings: "Settings", store: Store, connection: "Connection", *, json: bool
) -> bool:
    from caseway.bootstrap import connection_checks

    passed = True
    async for check in connection_checks(settings, store.sync, connection):
        passed = passed and check.mark != "failed"
        if json:
            show_json_line(
                {
                    "connection": connection.name,
                    "check": check.name,
                    "mark": check.mark,
                    "detail": check.detail,
                    "remedy": check.remedy,
                    "open": check.place.url if check.place else None,
                    "seconds": round(check.elapsed.total_seconds(), 3),
                }
            )
            continue
        colour = {"ok": "green", "warn": "yellow", "unknown": "cyan"}.get(check.mark, "red")
        mark = typer.style(f"{check.mark:<7}", fg=colour)
        typer.echo(f"{mark} {check.name:<16} {check.detail}")
        for line in advice(check) if check.mark != "ok" else ():
            typer.echo(f"        {line}")
    return passed


@app.command(epilog=examples("caseway connection remove north --yes"))
def remove(
    *,
    name: Annotated[str, typer.Argument(help="The connection's name.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove a connection: its webhook URL ends, its conversations stay readable."""
    confirmed(f"Remove the connection {name}? Nothing is joined with it any more.", yes=yes)

    async def work(_settings: "Settings", store: Store) -> None:
        if await store.registry.connections.named(store.organisation, name) is None:
            raise Failed(f"There is no connection {name}: caseway connection list")
        await store.registry.connections.remove(store.organisation, name)
        say(f"The connection {name} is removed.")

    on_store(work)
