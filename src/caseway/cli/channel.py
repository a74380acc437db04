"""caseway channel: the ways to customers."""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from caseway.cli.opening import Failed, Store, connection_named, on_store
from caseway.cli.screen import (
    JSON,
    Commands,
    confirmed,
    examples,
    say,
    show_json,
    show_table,
    without_none,
)
from caseway.domain.connection import ChannelSettings

if TYPE_CHECKING:
    from caseway.config import Settings
    from caseway.domain.connection import ChannelAccount
    from caseway.store.audit import Change

app = typer.Typer(
    cls=Commands,
    help="Ways to customers: add, list, replace a secret, remove.",
    no_args_is_help=True,
)
adding = typer.Typer(
    cls=Commands, help="Add a channel, or change the one of this name.", no_args_is_help=True
)
app.add_typer(adding, name="add")

NAME = typer.Option(help="What you call it.")
CONNECTION = typer.Option(help="The connection that it leads to; not needed if there is one.")


@adding.command(
    epilog=examples(
        "caseway channel add api --name shop --callback-url https://shop.example.com/caseway",
        "caseway channel add api --name bot --starts-as-ai",
    )
)
def api(
    *,
    name: Annotated[str, NAME],
    connection: Annotated[str | None, CONNECTION] = None,
    callback_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Where replies are posted to, signed.")
    ] = None,
    receiver_may_repeat: Annotated[
        bool | None,
        typer.Option(
            "--receiver-may-repeat/--receiver-drops-repeats",
            help="The receiver does not drop a repeated webhook-id: it may show a reply twice.",
        ),
    ] = None,
    starts_as_ai: Annotated[
        bool | None,
        typer.Option(
            "--starts-as-ai/--starts-waiting", help="An AI of the client's own answers first."
        ),
    ] = None,
    json: Annotated[bool, JSON] = False,
) -> None:
    """A program that writes for customers by the API, and gets replies by signed callbacks.

    Prints the secret that the callbacks are signed with (Standard Webhooks).
    """

    async def work(settings: "Settings", store: Store) -> None:
        before = await _settings(store, name)
        wanted = replace(
            before,
            callback_url=before.callback_url
            if callback_url is None
            else _callback(callback_url, settings),
            recognises_repeats=before.recognises_repeats
            if receiver_may_repeat is None
            else not receiver_may_repeat,
            starts_as_ai=before.starts_as_ai if starts_as_ai is None else starts_as_ai,
        )
        made, change = await _put(store, connection, "api", name, wanted)
        secret = made.secret.reveal() if made.secret else ""
        if json:
            show_json({**_shown(made), "change": change, "signing_secret": secret})
            return
        say(f"The channel {name} is {change}. Its callbacks are signed with:")
        typer.echo(secret)
        if not made.settings.callback_url:
            say("It has no callback URL: replies wait until they are read by the API.")
        if change == "created":
            say(f"Next, a key for the program: caseway key create {name}")

    on_store(work)


@adding.command(
    epilog=examples(
        "caseway channel add widget --name site --origin https://www.example.com",
        "caseway channel add widget --name site --origin https://www.example.com \\",
        "    --origin https://shop.example.com --greeting 'How can we help?'",
    )
)
def widget(
    *,
    name: Annotated[str, NAME],
    origin: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL", help="A site that may show it, https://www.example.com; repeatable."
        ),
    ] = None,
    connection: Annotated[str | None, CONNECTION] = None,
    greeting: Annotated[str | None, typer.Option(help="The first line that visitors see.")] = None,
    characters: Annotated[
        int | None, typer.Option(min=1, max=8000, help="That one message may have.")
    ] = None,
    messages_a_minute: Annotated[
        int | None, typer.Option(min=1, help="From one address; more are answered 429.")
    ] = None,
    conversations_in_ten_minutes: Annotated[
        int | None, typer.Option(min=1, help="That one address may begin.")
    ] = None,
    cases_a_day: Annotated[
        int | None, typer.Option(min=1, help="New ones from the whole channel.")
    ] = None,
    json: Annotated[bool, JSON] = False,
) -> None:
    """A chat on web pages; prints the line that goes into them."""
    from caseway.web.widget.snippet import snippet

    origins = None if origin is None else tuple(_origin(one) for one in origin)

    async def work(settings: "Settings", store: Store) -> None:
        before = await _settings(store, name)
        wanted = replace(
            before,
            origins=before.origins if origins is None else origins,
            greeting=before.greeting if greeting is None else greeting,
            limits=replace(
                before.limits,
                **without_none(
                    {
                        "characters": characters,
                        "messages_a_minute": messages_a_minute,
                        "conversations_in_ten_minutes": conversations_in_ten_minutes,
                        "cases_a_day": cases_a_day,
                    }
                ),
            ),
        )
        if not wanted.origins:
            raise Failed("Say which site may show the widget: --origin https://www.example.com")
        made, change = await _put(store, connection, "widget", name, wanted)
        script = snippet(settings.public_url, made.id)
        if json:
            show_json({**_shown(made), "change": change, "script": script})
            return
        say(f"The channel {name} is {change}. This goes into the pages:")
        typer.echo(script)

    on_store(work)


@app.command(
    epilog=examples(
        "caseway channel secret shop",
        "caseway channel secret shop --new",
        "caseway channel secret site --new --now",
    )
)
def secret(
    *,
    name: Annotated[str, typer.Argument(help="The channel's name.")],
    new: Annotated[
        bool, typer.Option("--new", help="Replace it; the old one holds as well for a while.")
    ] = False,
    grace_hours: Annotated[
        float, typer.Option(min=0, max=24 * 90, help="With --new: how long the old one holds.")
    ] = 24,
    now: Annotated[
        bool, typer.Option("--now", help="With --new: the old one ends at once.")
    ] = False,
    json: Annotated[bool, JSON] = False,
) -> None:
    """Show or replace a channel's secret.

    An API channel's signs its callbacks; while a replaced one holds, they carry both signatures.
    A widget's, once there is one, lets your site tell who a visitor is, by a token signed with it.
    """

    async def work(_settings: "Settings", store: Store) -> None:
        channels = store.registry.channels
        if new:
            grace = timedelta(0) if now else timedelta(hours=grace_hours)
            found = await channels.new_secret(store.organisation, name, grace=grace)
        else:
            found = await channels.named(store.organisation, name)
        if found.secret is None:
            raise Failed(
                f"{name} has no secret; it gets one by: caseway channel secret {name} --new"
            )
        if json:
            show_json({"name": name, "secret": found.secret.reveal()})
        else:
            typer.echo(found.secret.reveal())
        if new and found.former:
            until = f"{found.former[0].until:%Y-%m-%d %H:%M} UTC"
            say(f"The old one holds as well until {until}. To end it now: --new --now")

    on_store(work)


@app.command("list", epilog=examples("caseway channel list", "caseway channel list --json"))
def list_(*, json: Annotated[bool, JSON] = False) -> None:
    """List the channels."""

    async def work(_settings: "Settings", store: Store) -> None:
        found = await store.registry.channels.list(store.organisation)
        if json:
            show_json([{**_shown(one.account), "connection": one.connection_name} for one in found])
            return
        if not found:
            say("There is no channel yet: caseway channel add --help")
            return
        show_table(
            ["name", "kind", "connection", "id", "goes to"],
            [
                (
                    one.account.name,
                    one.account.kind,
                    one.connection_name,
                    one.account.id,
                    one.account.settings.callback_url or one.account.settings.origins or None,
                )
                for one in found
            ],
        )

    on_store(work)


@app.command(epilog=examples("caseway channel remove shop --yes"))
def remove(
    *,
    name: Annotated[str, typer.Argument(help="The channel's name.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove a channel: customers cannot write there any more, its conversations stay readable."""
    confirmed(f"Remove the channel {name}? Replies still owed there will not arrive.", yes=yes)

    async def work(_settings: "Settings", store: Store) -> None:
        await store.registry.channels.remove(store.organisation, name)
        say(f"The channel {name} is removed.")

    on_store(work)


async def _settings(store: Store, name: str) -> ChannelSettings:
    for one in await store.registry.channels.list(store.organisation):
        if one.account.name == name:
            return one.account.settings
    return ChannelSettings()


async def _put(
    store: Store, connection: str | None, kind: str, name: str, settings: ChannelSettings
) -> "tuple[ChannelAccount, Change]":
    leads_to = await connection_named(store, connection)
    return await store.registry.channels.put(store.organisation, leads_to.id, kind, name, settings)


def _shown(account: "ChannelAccount") -> dict[str, object]:
    return {
        "id": account.id,
        "name": account.name,
        "kind": account.kind,
        "settings": account.settings,
    }


def _callback(text: str, settings: "Settings") -> str:
    parts = urlsplit(text)
    if text and (parts.scheme not in {"http", "https"} or not parts.hostname):
        raise typer.BadParameter(
            "expected an address such as https://shop.example.com/caseway",
            param_hint="--callback-url",
        )
    if parts.scheme == "http" and not settings.allowed_networks:
        raise Failed(
            "The callback has no TLS. Use https, or let the operator allow the private network "
            "that it is in: CASEWAY_ALLOWED_NETWORKS."
        )
    return text


def _origin(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise typer.BadParameter(
            f"{text}: expected a site such as https://www.example.com", param_hint="--origin"
        )
    return f"{parts.scheme}://{parts.netloc.lower()}"
