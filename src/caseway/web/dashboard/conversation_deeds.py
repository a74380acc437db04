"""What people do to a conversation by hand: hand off, resolve, look again, try again."""

from typing import Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from caseway.domain.conversation import State
from caseway.domain.ids import ConversationKey
from caseway.domain.roles import Action
from caseway.web.dashboard.conversation import NO_CONVERSATION, key_of
from caseway.web.dashboard.doors import Doors, Visitor
from caseway.web.parts import Parts
from caseway.web.problems import Problem

LONGEST_NOTE: Final = 4_000
KINDS: Final = frozenset({"conversation", "delivery", "activity"})  # of dead letters
FOREIGN_FORM: Final = "This form is none of ours. Open the page again."


class ConversationDeeds:
    """Each leads back to the page, which then says what was done."""

    def __init__(self, parts: Parts, doors: Doors) -> None:
        self._intake = parts.intake
        self._retries = parts.retries
        self._conversations = parts.conversations
        self._doors = doors

    def routes(self) -> list[Route]:
        deeds = {
            "hand-off": self.hand_off,
            "resolve": self.resolve,
            "look-again": self.look_again,
            "retry": self.retry,
        }
        return [
            self._doors.door(
                f"/inbox/{{id:uuid}}/{name}", deed, Action.ACT_ON_CONVERSATIONS, ("POST",)
            )
            for name, deed in deeds.items()
        ]

    async def hand_off(self, request: Request, visitor: Visitor) -> Response:
        key = key_of(request, visitor)
        note = str((await request.form()).get("note", "")).strip()[:LONGEST_NOTE]
        by = visitor.name or visitor.email
        state = await self._intake.hand_off(key, note, by=by, actor=visitor.actor)
        return _back(key, "already" if _found(state) is State.RESOLVED else "handed-off")

    async def resolve(self, request: Request, visitor: Visitor) -> Response:
        key = key_of(request, visitor)
        _found(await self._intake.resolve(key, actor=visitor.actor))
        return _back(key, "resolved")

    async def look_again(self, request: Request, visitor: Visitor) -> Response:
        key = key_of(request, visitor)
        if not await self._retries.look_again(key, actor=visitor.actor):
            raise Problem(404, NO_CONVERSATION)
        return _back(key, "looking")

    async def retry(self, request: Request, visitor: Visitor) -> Response:
        key = key_of(request, visitor)
        form = await request.form()
        kind = str(form.get("kind", ""))
        try:
            wanted = UUID(str(form.get("id", "")))
        except ValueError:
            raise Problem(400, FOREIGN_FORM) from None
        if kind not in KINDS:
            raise Problem(400, FOREIGN_FORM)
        done = await self._retries.replay(key, kind, wanted, actor=visitor.actor)
        if not done and not await self._conversations.token(key):
            raise Problem(404, NO_CONVERSATION)
        word = "retried" if done else "gone"
        if form.get("from") == "inbox":
            return RedirectResponse(f"/inbox?done={word}", 303)
        return _back(key, word)


def _found(state: State | None) -> State:
    if state is None:
        raise Problem(404, NO_CONVERSATION)
    return state


def _back(key: ConversationKey, done: str) -> Response:
    return RedirectResponse(f"/inbox/{key.conversation}?done={done}", 303)
