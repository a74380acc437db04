"""/inbox/<id>: both sides of one conversation, and why."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from caseway.domain.connection import Connection, Returning
from caseway.domain.conversation import State
from caseway.domain.delivery import failure_note
from caseway.domain.ids import ConnectionKey, ConversationId, ConversationKey
from caseway.domain.roles import Action
from caseway.domain.standing import Standing
from caseway.domain.words import Language, Writing
from caseway.ports import Happened, NotConfigured, Ran
from caseway.ports.conversations import Deed, Facts, History
from caseway.ports.reads import LEFT
from caseway.web import creatio_links
from caseway.web.api import cursors
from caseway.web.dashboard import ledger, live
from caseway.web.dashboard.channel_signs import name_of, sign_of
from caseway.web.dashboard.doors import Doors, Visitor
from caseway.web.dashboard.frame import draw
from caseway.web.dashboard.masking import called, frozen
from caseway.web.demo.telling import LONG_ID, Group, told
from caseway.web.parts import Parts
from caseway.web.problems import Problem

A_LEAF: Final = 50  # messages
A_HISTORY: Final = 25  # of each: events, messages, looks, deeds
LOOK_EVERY: Final = timedelta(seconds=1)
NO_CONVERSATION: Final = "There is no such conversation here. It may belong to somebody else."
DONE: Final[Mapping[str, str]] = {
    "handed-off": "Handed off. The note goes to the case.",
    "resolved": "Resolved. The customer is told after all replies that are owed.",
    "already": "It was resolved already.",
    "looking": "Looking again now.",
    "retried": "Tried again. What comes of it is shown below.",
    "gone": "It had been tried again already.",
}
DEEDS: Final[Mapping[str, str]] = {
    "conversation.handed off": "handed it off",
    "conversation.resolved": "resolved it",
    "conversation.looked at again": "looked again",
}
TRIED: Final[Mapping[str, str]] = {
    "delivery": "had a reply sent again",
    "activity": "had an activity written again",
    "conversation": "started its sync again",
}


class ConversationPage:
    def __init__(self, parts: Parts, doors: Doors) -> None:
        self._parts = parts
        self._doors = doors

    def routes(self) -> list[Route]:
        read = Action.READ_CONVERSATIONS
        return [
            self._doors.door("/inbox/{id:uuid}", self.show, read),
            self._doors.door("/live/inbox/{id:uuid}", self.live, read),
        ]

    async def show(self, request: Request, visitor: Visitor) -> Response:
        key = key_of(request, visitor)
        talks = self._parts.conversations
        token = await talks.token(key)  # before the rows: what changes meanwhile is told
        facts = await talks.facts(key)
        standing = await self._parts.standings.standing(key)
        if facts is None or standing is None:
            raise Problem(404, NO_CONVERSATION)
        asked = request.query_params
        before = cursors.position_of(asked["before"]) if asked.get("before") else None
        since = cursors.moment_of(asked["story"])[0] if asked.get("story") else None
        leaf = await talks.leaf(facts, before=before, most=A_LEAF)
        history = await talks.history(key, before=since, most=A_HISTORY)
        connection = await self._connection(facts)
        writing = Writing(Language.ENGLISH, visitor.zone)
        if connection is not None:
            writing = connection.settings.writing
        now = self._parts.now()
        may_act = visitor.may(Action.ACT_ON_CONVERSATIONS)
        return draw(
            request,
            visitor,
            "conversation.html",
            facts=facts,
            token=token,
            called=called(facts.name, facts.email, facts.phone, facts.address),
            frozen=frozen(facts.address),
            rows=ledger.laid_out(leaf, facts, visitor.zone, writing=writing),
            foot=ledger.foot_of(await talks.balance(key), facts, len(leaf.kept_back)),
            earlier=leaf.earlier and cursors.of_position(leaf.earlier),
            is_later_leaf=before is not None,
            groups=groups(history, facts, newest=since is None),
            story_earlier=history.earlier and cursors.of_moment(history.earlier, UUID(int=0)),
            is_later_story=since is not None,
            owed=[_short(line) for line in standing.plan(now)],
            later=standing.later(now),
            next_look=standing.next_look(now),
            resolving=_asks(facts, standing, connection) if may_act else [],
            may_act=may_act,
            done=DONE.get(asked.get("done", ""), ""),
            is_note=ledger.is_note,
            note_of=ledger.note_of,
            agent_knows=lambda d: failure_note(d.id, d.attempts) not in facts.untold,
            kind_of=lambda row: type(row).__name__,
            sign_of=sign_of,
            channel_kind=name_of(facts.channel_kind),
            links=creatio_links,
        )

    async def live(self, request: Request, visitor: Visitor) -> Response:
        key = key_of(request, visitor)
        if not await self._parts.conversations.token(key):
            raise Problem(404, NO_CONVERSATION)

        async def changed() -> str:
            return await self._parts.conversations.token(key)

        return await live.stream(request, changed, LOOK_EVERY)

    async def _connection(self, facts: Facts) -> Connection | None:
        """None: it was removed, and what it led to stays readable."""
        try:
            return await self._parts.directory.connection(
                ConnectionKey(facts.key.organisation, facts.connection)
            )
        except NotConfigured:
            return None


def key_of(request: Request, visitor: Visitor) -> ConversationKey:
    return ConversationKey(visitor.organisation, ConversationId(request.path_params["id"]))


def _asks(facts: Facts, standing: Standing, connection: Connection | None) -> list[str]:
    """What resolving it will do, in sentences; nothing where it is resolved."""
    if facts.state is State.RESOLVED:
        return []
    if connection is None:
        return ["The customer is told that the conversation was resolved."]
    return resolving(facts, standing, connection)


def resolving(facts: Facts, standing: Standing, connection: Connection) -> list[str]:
    settings = connection.settings
    owed = len(standing.owed.deliveries)
    said = []
    if owed:
        said.append(f"{owed} owed {'reply goes' if owed == 1 else 'replies go'} out first.")
    said.append(f"The customer is told on {facts.channel_name}: “This conversation was resolved.”")
    if facts.case and settings.resolved_status:
        said.append(f"{facts.case_number or 'The case'} gets the resolved status in Creatio.")
    elif facts.case:
        said.append("The case keeps its status in Creatio: no resolved status is configured.")
    if settings.returning is Returning.REOPEN:
        hours = round(settings.returning_within / timedelta(hours=1))
        said.append(f"What the customer writes within {hours} h opens it again.")
    else:
        said.append("What the customer writes next starts a new conversation.")
    return said


def groups(history: History, facts: Facts, *, newest: bool) -> list[Group]:
    """What was done and why, the newest first."""
    deeds = [_happened(deed, facts) for deed in history.deeds]
    happened = sorted([*history.happened, *deeds], key=lambda one: one.at)
    found = told(happened, once(history.ran))
    if newest and facts.parked_at is not None:
        stopped = Group(
            f"parked-{facts.key.conversation}",
            facts.parked_at,
            "player-pause",
            "Stopped",
            "",
            facts.parked_reason,
            "",
            [],
        )
        found = sorted([*found, stopped], key=lambda group: group.at, reverse=True)
    return found


def once(ran: Sequence[Ran]) -> list[Ran]:
    """Each look reads the newest activities again: what one leaves in Creatio is told by the first
    that did, or whenever the reason is another.
    """
    said: set[tuple[str, str]] = set()
    kept: list[Ran] = []
    for run in ran:
        lines = [line for line in run.lines if (line.deed, line.why) not in said]
        said |= {(line.deed, line.why) for line in run.lines if line.deed.startswith(LEFT)}
        kept.append(replace(run, lines=tuple(lines)))
    return kept


def _happened(deed: Deed, facts: Facts) -> Happened:
    did = DEEDS.get(deed.action, "")
    if not did:
        kind = next(iter(json.loads(deed.after or "{}")), "")
        did = TRIED.get(kind, deed.action)
    about = f"{deed.actor} {did}"
    return Happened(deed.id, facts.key.conversation, deed.at, "person", about, "", "")


def _short(text: str) -> str:
    return LONG_ID.sub(lambda found: found[0][:6], text)
