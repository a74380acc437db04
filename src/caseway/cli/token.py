"""caseway token: the webhook's address, which Creatio calls."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from caseway.cli.opening import Store, connection_named, on_store
from caseway.cli.screen import JSON, Commands, examples, say, show_json, show_table

if TYPE_CHECKING:
    from caseway.config import Settings
    from caseway.domain.secret import Secret
    from caseway.store.tokens import Listed

app = typer.Typer(
    cls=Commands,
    help="The webhook URL that Creatio calls: show, replace, revoke.",
    no_args_is_help=True,
)
CONNECTION = typer.Argument(help="The connection's name; may be left out where there is one.")


def show_url(settings: "Settings", name: str, token: "Secret", *, json: bool) -> None:
    """A person sees the address, and whether Creatio's cloud can reach it."""
    from caseway.config import is_private

    url = settings.webhook_url(token.reveal())
    private = is_private(settings.public_url)
    if json:
        reachable = not private
        show_json({"connection": name, "webhook_url": url, "reachable_from_cloud": reachable})
        return
    typer.echo(url)
    if private:
        say(
            f"{settings.public_url} cannot be reached by Creatio's cloud. Set CASEWAY_BASE_URL to "
            "the public address of this Caseway; until then the sweep alone brings replies."
        )


@app.command(epilog=examples("caseway token show", "caseway token show north --json"))
def show(
    *,
    connection: Annotated[str | None, CONNECTION] = None,
    json: Annotated[bool, JSON] = False,
) -> None:
    """Show the webhook URL, to be put into the web service that Creatio's process calls.

    It is a secret: whoever has it can make Caseway look at a case.
    """

    async def work(settings: "Settings", store: Store) -> None:
        found = await connection_named(store, connection)
        token = await store.registry.tokens.ensure(found.key)
        show_url(settings, found.name, token, json=json)

    on_store(work)


@app.command(
    epilog=examples(
        "caseway token rotate north",
        "caseway token rotate north --grace-hours 2",
        "caseway token rotate north --now",
    )
)
def rotate(
    *,
    connection: Annotated[str | None, CONNECTION] = None,
    grace_hours: Annotated[
        float, typer.Option(min=0, max=24 * 90, help="How long the old URL still works.")
    ] = 24,
    now: Annotated[bool, typer.Option("--now", help="The old URL stops working at once.")] = False,
    json: Annotated[bool, JSON] = False,
) -> None:
    """Make a new webhook URL; the old one works for a while, so that Creatio can be changed."""

    async def work(settings: "Settings", store: Store) -> None:
        found = await connection_named(store, connection)
        grace = timedelta(0) if now else timedelta(hours=grace_hours)
        token = await store.registry.tokens.rotate(found.key, grace=grace)
        show_url(settings, found.name, token, json=json)
        if grace:
            ends = (datetime.now(UTC) + grace).strftime("%Y-%m-%d %H:%M UTC")
            say(f"The old URL works until {ends}; caseway token list shows when it was used last.")
        else:
            say("The old URL does not work any more.")

    on_store(work)


@app.command(epilog=examples("caseway token revoke x4k2p9qd"))
def revoke(
    *,
    public_name: Annotated[
        str, typer.Argument(help="As caseway token list shows it, or the whole token.")
    ],
) -> None:
    """End a token at once. Replies still arrive by the sweep."""

    async def work(_settings: "Settings", store: Store) -> None:
        from caseway.domain.token import FORM

        name = public_name.rsplit("/", 1)[-1]
        name = name.split("_")[1] if FORM.fullmatch(name) else name
        await store.registry.tokens.revoke(store.organisation, name)
        say(f"The token {name} is revoked. A new one: caseway token show")

    on_store(work)


@app.command("list", epilog=examples("caseway token list", "caseway token list --json"))
def list_(*, json: Annotated[bool, JSON] = False) -> None:
    """List the tokens by their public names, with when each was used last."""

    async def work(_settings: "Settings", store: Store) -> None:
        found = await store.registry.tokens.list(store.organisation)
        now = datetime.now(UTC)
        if json:
            show_json(found)
            return
        if not found:
            say("There is no token yet: caseway token show makes one.")
            return
        show_table(
            ["public name", "connection", "state", "made", "used last"],
            [
                (
                    one.public_name,
                    one.connection_name,
                    state(one, now),
                    one.created_at,
                    one.last_used_at,
                )
                for one in found
            ],
        )

    on_store(work)


def state(token: "Listed", now: datetime) -> str:
    if token.revoked_at is not None:
        return "revoked"
    if token.expires_at is None:
        return "in use"
    if token.expires_at <= now:
        return "ended"
    return f"until {token.expires_at:%Y-%m-%d %H:%M} UTC"
