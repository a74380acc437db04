"""caseway user: who signs in to the dashboard."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from caseway.cli.opening import Failed, Store, on_store
from caseway.cli.screen import JSON, Commands, examples, say, show_json, show_table
from caseway.domain.actor import Actor
from caseway.domain.roles import Role

if TYPE_CHECKING:
    from caseway.config import Settings
    from caseway.domain.ids import OrganisationId
    from caseway.domain.secret import Secret
    from caseway.ports import People, Person

T = TypeVar("T")
BY_COMMAND = "cli"

app = typer.Typer(
    cls=Commands,
    help="Who signs in to the dashboard: invite, list, change, disable.",
    no_args_is_help=True,
)
EMAIL = typer.Argument(help="The address they sign in with.")
ROLE = typer.Option(help="What they may do: docs/reference/roles.md.")


class Desk:
    """What a command works with: who there is, in this installation's organisation."""

    def __init__(
        self, settings: "Settings", organisation: "OrganisationId", people: "People"
    ) -> None:
        self.settings = settings
        self.organisation = organisation
        self.people = people
        self.actor = Actor(BY_COMMAND)

    async def person(self, email: str) -> "Person":
        for one in await self.people.users.list(self.organisation):
            if one.email == email.strip().lower():
                return one
        raise Failed(f"Nobody signs in with {email}. caseway user list shows who does.")

    def show_link(self, token: "Secret", about: str, *, email: str, json: bool) -> None:
        url = f"{self.settings.public_url}/welcome/{token.reveal()}"
        if json:
            show_json({"email": email, "url": url})
            return
        typer.echo(url)
        say(f"{about} The link works once, for 7 days. Give it to nobody else.")


def on_people(work: Callable[[Desk], Awaitable[T]]) -> T:
    """As the one role that may touch people."""

    async def opened(settings: "Settings", store: Store) -> T:
        from caseway.bootstrap import open_pool
        from caseway.store.people import people_over
        from caseway.store.roles import Role as DatabaseRole

        async with open_pool(settings, store.owner_dsn, DatabaseRole.WEB, 2) as pool:
            return await work(Desk(settings, store.organisation, people_over(pool)))

    return on_store(opened)


@app.command(
    epilog=examples(
        "caseway user invite maria@example.com --role agent",
        "caseway user invite --role owner",
    )
)
def invite(
    *,
    email: Annotated[str, typer.Argument(help="Left out: whoever has the link says theirs.")] = "",
    role: Annotated[Role, ROLE],
    json: Annotated[bool, JSON] = False,
) -> None:
    """Print a link by which somebody joins. An earlier link to the same address ends."""

    async def work(desk: Desk) -> None:
        token = await desk.people.invitations.invite(
            desk.organisation, email=email.strip(), role=role, actor=desk.actor
        )
        desk.show_link(token, f"Whoever opens it joins as {role}.", email=email, json=json)

    on_people(work)


@app.command(epilog=examples("caseway user reset maria@example.com"))
def reset(*, email: Annotated[str, EMAIL], json: Annotated[bool, JSON] = False) -> None:
    """Print a link by which somebody chooses a new password.

    Using it ends their sign-ins.
    """

    async def work(desk: Desk) -> None:
        person = await desk.person(email)
        token = await desk.people.invitations.reset(desk.organisation, person.id, actor=desk.actor)
        if token is None:
            raise Failed(f"{email} is disabled: caseway user enable {email} comes first.")
        about = f"{person.name} chooses a new password there."
        desk.show_link(token, about, email=person.email, json=json)

    on_people(work)


@app.command(epilog=examples("caseway user role maria@example.com admin"))
def role(
    *,
    email: Annotated[str, EMAIL],
    role: Annotated[Role, typer.Argument(help="The new role.")],
) -> None:
    """Change what somebody may do. They sign in again; the last owner stays one."""

    async def work(desk: Desk) -> None:
        person = await desk.person(email)
        await desk.people.users.set_role(desk.organisation, person.id, role, actor=desk.actor)
        say(f"{person.name} is {role} now.")

    on_people(work)


@app.command(epilog=examples("caseway user disable maria@example.com"))
def disable(*, email: Annotated[str, EMAIL]) -> None:
    """Let somebody in no more: their sign-ins and links end at once. What they did stays."""

    async def work(desk: Desk) -> None:
        person = await desk.person(email)
        await desk.people.users.disable(desk.organisation, person.id, actor=desk.actor)
        say(f"{person.name} cannot sign in any more. caseway user enable {person.email} undoes it.")

    on_people(work)


@app.command(epilog=examples("caseway user enable maria@example.com"))
def enable(*, email: Annotated[str, EMAIL]) -> None:
    """Let somebody in again who was disabled; their password is the one they had."""

    async def work(desk: Desk) -> None:
        person = await desk.person(email)
        await desk.people.users.enable(desk.organisation, person.id, actor=desk.actor)
        say(f"{person.name} can sign in again.")

    on_people(work)


@app.command("list", epilog=examples("caseway user list", "caseway user list --json"))
def list_(*, json: Annotated[bool, JSON] = False) -> None:
    """List who signs in, as what, and when they were here last."""

    async def work(desk: Desk) -> None:
        found = await desk.people.users.list(desk.organisation)
        if json:
            show_json(found)
            return
        if not found:
            say("Nobody yet: caseway user invite --role owner makes a link for the first.")
            return
        show_table(
            ["email", "name", "role", "state", "seen last", "sign-ins"],
            [
                (
                    one.email,
                    one.name,
                    one.role,
                    "disabled" if one.disabled_at else "may sign in",
                    one.last_seen_at,
                    one.sessions,
                )
                for one in found
            ],
        )

    on_people(work)
