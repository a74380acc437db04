"""A Caseway with a week's worth of conversations, and people of every role who are signed in.

It is `caseway demo` with its sandbox, filled by customers and agents: nothing in it is made up
beside the product.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Final, TypeAlias
from uuid import uuid4

import asyncpg

from caseway.bootstrap import open_pool, open_store
from caseway.config import load
from caseway.domain.actor import Actor
from caseway.domain.ids import OrganisationId
from caseway.domain.roles import Role
from caseway.store.people import people_over
from caseway.store.roles import Role as Right
from caseway.store.transactions import transaction
from tests.acceptance.callbacks import Callbacks, receiving
from tests.acceptance.demo import Api, Demo, started_demo
from tests.acceptance.desk import Desk
from tests.acceptance.far import ask, eventually

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

PEOPLE: Final[Mapping[Role, str]] = {
    Role.OWNER: "Mara Vogt",
    Role.ADMIN: "Tomasz Zieliński",
    Role.AGENT: "Clara Brandt",
    Role.VIEWER: "Yusuf Demir",
}
LONG_DOMAIN: Final = "kundenbetreuung.zweigniederlassung-sachsen-anhalt.nordlicht.example"
LONG_MAILBOX: Final = "maximiliane_von_hohenlohe_waldenburg_schillingsfuerst"
NOBODYS_CASE: Final = "6b1f0c52-0c4e-4b0c-9d3f-2f6a1e7d9c11"


@dataclass(frozen=True)
class Scene:
    demo: Demo
    callbacks: Callbacks
    sessions: Mapping[Role, str]  # the cookie's value
    conversation: str  # one with a reply, a note and a reply that waits
    case: str
    event: str  # a call that told of a reply in it
    invitation: str  # the token of a link that nobody used

    @property
    def url(self) -> str:
        return self.demo.said["api_url"]

    @property
    def log(self) -> str:
        return self.demo.log

    @contextmanager
    def answering(self, *statuses: int) -> Iterator[None]:
        """What the customers' program answers meanwhile; without a word it takes everything."""
        before = list(self.callbacks.answers)
        self.callbacks.answers[:] = [*statuses] * 1000
        try:
            yield
        finally:
            self.callbacks.answers[:] = before

    def newcomer(self, role: Role) -> str:
        """The session of somebody new, for whoever leaves or changes what others would miss."""
        with ThreadPoolExecutor(1) as elsewhere:
            return elsewhere.submit(asyncio.run, _newcomer(self.demo, role)).result()

    def address(self, path: str) -> str:
        """`{conversation}` and `{event}` stand for those above, the others for the channels."""
        kept = json.loads((self.demo.folder / "data/demo.json").read_text())
        return self.url + path.format(
            conversation=self.conversation,
            event=self.event,
            invitation=self.invitation,
            widget=kept["widget_channel"],
            api=self.demo.said["api_channel"],
        )


@contextmanager
def staged() -> Iterator[Scene]:
    with receiving() as callbacks, started_demo(callbacks, log_level="warning") as demo:
        with ThreadPoolExecutor(1) as elsewhere:  # a browser's test has a running loop in its own
            sessions, invitation = elsewhere.submit(asyncio.run, _sign_in(demo)).result()
        _others(demo.api, demo.desk, callbacks)
        conversation, case, event = _main(demo, callbacks, sessions[Role.OWNER])
        _events(demo)
        yield Scene(demo, callbacks, sessions, conversation, case, event, invitation)


def _begun(api: Api, name: str, text: str, domain: str = "example.com") -> tuple[str, str]:
    who = name.replace(" ", ".").lower() if name.isascii() else f"customer-{len(name)}"
    contact = {"external_id": who, "name": name, "email": f"{who}@{domain}"}
    words = {"channel": api.channel, "contact": contact, "message": {"text": text}}
    conversation: str = api.good("POST", "/conversations", words)["id"]
    return conversation, api.case(conversation)


def _others(api: Api, desk: Desk, callbacks: Callbacks) -> None:
    resolved, its_case = _begun(api, "Jonas Lindqvist", "Is the trail light in stock again?")
    desk.task(its_case, "It is, since yesterday. Shall we keep one for you?")
    callbacks.wait_for(resolved, "It is, since yesterday. Shall we keep one for you?")
    api.write(resolved, "Yes please, I collect it on Friday.")
    desk.wait_until_said(its_case, "Yes please, I collect it on Friday.")
    desk.task(its_case, "See you on Friday.")
    callbacks.wait_for(
        resolved, "It is, since yesterday. Shall we keep one for you?", "See you on Friday."
    )
    desk.set_status(its_case, "Resolved")
    api.wait_for_state(resolved, "resolved")

    _begun(api, "أمينة السيد", "متى تفتحون يوم السبت؟")
    _begun(
        api,
        "Rüdiger Obermayer-Schultheiß von Hohenlohe",
        "Donaudampfschifffahrtsgesellschaftskapitänsmützenhalter: lieferbar?",
        LONG_DOMAIN,
    )
    _, its_case = _begun(api, "Wei Chen", "The invoice shows the old address.")
    desk.task(its_case, "We sent a corrected one.")


def _main(demo: Demo, callbacks: Callbacks, session: str) -> tuple[str, str, str]:
    """A conversation, its case, and an event that told of a reply in it."""
    api, desk = demo.api, demo.desk
    main, case = _begun(api, "Ines Costa", "Hello, my front brake squeals since the last service.")
    desk.note(case, "Pads are on order with Shimano.")
    desk.task(case, "Sorry about that. Could you bring it in on Thursday?")
    callbacks.wait_for(main, "Sorry about that. Could you bring it in on Thursday?")
    # Before anything else is said: a call that comes late would tell of what came after it.
    event = eventually(
        lambda: _told_of_a_reply(demo, main, session), what=f"a call that told of a reply in {main}"
    )
    api.write(main, "Thursday works. Do I need an appointment?")
    callbacks.answers.extend([429] * 1000)
    desk.task(case, "No, just come by between 9 and 12.")
    eventually(lambda: _waits(api, main), what="a reply that waits")
    return main, case, event


def _waits(api: Api, conversation: str) -> bool:
    last = api.messages(conversation)[-1]
    return bool(last["author"] == "agent" and last["delivery"]["state"] == "owed")


def _events(demo: Demo) -> None:
    """Calls of every kind: of no case of ours, malformed, with a wrong token."""
    url = demo.said["webhook_url"]
    ask("POST", url, {"event_type": "new_activity", "caseId": NOBODYS_CASE})
    ask("POST", url, {"event_type": "case_updated", "caseId": NOBODYS_CASE})
    ask("POST", url, {"event_type": "new_activity", "caseId": "[#Case.Id#]"})
    ask("POST", url[:-4] + "0000", {"event_type": "new_activity", "caseId": NOBODYS_CASE})


def _told_of_a_reply(demo: Demo, conversation: str, session: str) -> str:
    """One of Creatio's calls whose reply was delivered: others tell of what we wrote ourselves."""
    cookie = {"Cookie": f"caseway={session}"}
    for event in reversed(demo.api.good("GET", f"/events?conversation={conversation}")["items"]):
        page = ask("GET", f"{demo.said['api_url']}/events/{event['id']}", headers=cookie)
        if event["found_by"] == "webhook" and "reached the customer" in page.text:
            return str(event["id"])
    return ""


@asynccontextmanager
async def _people(demo: Demo) -> AsyncIterator[tuple[Pool, OrganisationId]]:
    folder = demo.folder / "data"
    settings = load(data=folder, secret_key_file=folder / "secret.key", database_url=None)
    async with (
        open_store(settings) as store,
        open_pool(settings, store.owner_dsn, Right.WEB, 2) as pool,
    ):
        yield pool, store.organisation


async def _sign_in(demo: Demo) -> tuple[dict[Role, str], str]:
    """Everybody's session; and a link for one more."""
    async with _people(demo) as (pool, organisation):
        tokens = {
            role: await _enter(pool, organisation, role, name, name.split()[0].lower())
            for role, name in PEOPLE.items()
        }
        # No page is broken by an address without a place to break it.
        await _enter(pool, organisation, Role.VIEWER, "Maximiliane Hohenlohe", LONG_MAILBOX)
        for email in (f"{LONG_MAILBOX}@{LONG_DOMAIN}", "noor.haddad@nordlicht.example"):
            invitation = await people_over(pool).invitations.invite(
                organisation,
                email=email,
                role=Role.ADMIN,
                actor=Actor("mara@nordlicht.example", source="203.0.113.20"),
            )
        return tokens, invitation.reveal()


async def _newcomer(demo: Demo, role: Role) -> str:
    async with _people(demo) as (pool, organisation):
        return await _enter(pool, organisation, role, "Sam Okafor", f"sam-{uuid4().hex}")


async def _enter(
    pool: Pool, organisation: OrganisationId, role: Role, name: str, mailbox: str
) -> str:
    user, email = uuid4(), f"{mailbox}@nordlicht.example"
    async with transaction(pool, organisation) as link:
        await link.execute(
            "INSERT INTO user_account (organisation_id, id, email, name, role)"
            " VALUES ($1, $2, $3, $4, $5)",
            *(organisation, user, email, name, role),
        )
    token = await people_over(pool).sessions.begin(
        organisation, user, agent="Chromium", actor=Actor(email)
    )
    return token.reveal()
