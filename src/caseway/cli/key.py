"""caseway key: keys of the API."""

from typing import TYPE_CHECKING, Annotated

import typer

from caseway.cli.opening import Store, on_store
from caseway.cli.screen import JSON, Commands, examples, say, show_json, show_table
from caseway.domain.scopes import ALLOWS, EVERY, Scope

if TYPE_CHECKING:
    from caseway.config import Settings

app = typer.Typer(cls=Commands, help="Keys of the API: make, list, revoke.", no_args_is_help=True)


@app.command(
    epilog=examples("caseway key create shop > shop.key", "caseway key create report --scope read")
)
def create(
    *,
    name: Annotated[str, typer.Argument(help="Who will use it.")],
    scope: Annotated[
        list[Scope] | None,
        typer.Option(
            help="What it lets them do; repeatable, both if not said. "
            + " ".join(f"{one}: {ALLOWS[one].lower()}." for one in Scope)
        ),
    ] = None,
    json: Annotated[bool, JSON] = False,
) -> None:
    """Make a key. It is shown this once: only its digest is kept."""

    async def work(_settings: "Settings", store: Store) -> None:
        made = await store.registry.keys.create(store.organisation, name, frozenset(scope or EVERY))
        if json:
            show_json({"name": name, "key": made.reveal()})
            return
        typer.echo(made.reveal())
        say("Keep it now, it is not shown again. A program sends it as Authorization: Bearer <key>")

    on_store(work)


@app.command(epilog=examples("caseway key revoke shop", "caseway key revoke x4k2p9qd"))
def revoke(*, name: Annotated[str, typer.Argument(help="The key's name or public name.")]) -> None:
    """End a key at once."""

    async def work(_settings: "Settings", store: Store) -> None:
        await store.registry.keys.revoke(store.organisation, name)
        say(f"The key {name} is revoked: calls with it are refused from now on.")

    on_store(work)


@app.command("list", epilog=examples("caseway key list", "caseway key list --json"))
def list_(*, json: Annotated[bool, JSON] = False) -> None:
    """List the keys by their public names."""

    async def work(_settings: "Settings", store: Store) -> None:
        found = await store.registry.keys.list(store.organisation)
        if json:
            show_json(found)
            return
        if not found:
            say("There is no key yet: caseway key create NAME makes one.")
            return
        show_table(
            ["name", "public name", "scopes", "state", "made", "used last", "from"],
            [
                (
                    one.name,
                    one.public_name,
                    ", ".join(sorted(one.scopes)),
                    "revoked" if one.revoked_at else "in use",
                    one.created_at,
                    one.last_used_at,
                    one.last_used_from or None,
                )
                for one in found
            ],
        )

    on_store(work)
