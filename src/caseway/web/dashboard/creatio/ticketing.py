"""Settings → Ticketing: connect Creatio, and see each step of it confirmed."""

from collections.abc import AsyncIterator, Sequence
from typing import Final
from urllib.parse import urlencode

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from caseway.domain import zones
from caseway.domain.connection import Connection
from caseway.domain.roles import Action
from caseway.domain.trouble import own_words
from caseway.domain.words import Language, texts_of
from caseway.ports import OF_CASES, Check, Later, ListedConnection, Lists, Never, Refused
from caseway.web.dashboard import frame
from caseway.web.dashboard.creatio import form as forms
from caseway.web.dashboard.creatio.form import KINDS, Typed
from caseway.web.dashboard.creatio.lists import UNREAD, Offered
from caseway.web.dashboard.creatio.steps import steps
from caseway.web.dashboard.creatio.trial import TITLES, Outcome, Trials, failures
from caseway.web.dashboard.doors import Doors, Visitor
from caseway.web.dashboard.frame import draw
from caseway.web.parts import Parts
from caseway.web.problems import Problem

log = structlog.get_logger()
PATH: Final = "/settings/ticketing"
AWAY: Final = "/settings/getting-started/away"
TEMPLATE: Final = "ticketing.html"
PIECE: Final = "ticketing_piece.html"
AGAIN: Final = "again:"  # what the button of one check says, with its name
RECORD_END: Final = "\x1e"
REPEAT: Final = "Open the page again, and repeat yours."
DONE: Final = {
    "saved": ("green", "Saved, and it works. Cases are opened in this Creatio from now on."),
    "not-working": (
        "amber",
        "Saved as not working. What customers write is kept and goes to Creatio once it works.",
    ),
    "found": ("amber", "The test broke before its end. This is what is saved."),
}


class TicketingPages:
    def __init__(self, parts: Parts, doors: Doors) -> None:
        self._parts = parts
        self._creatio = parts.creatio
        self._doors = doors
        self._trials = Trials(parts)
        self._lists = parts.pick_lists

    def routes(self) -> list[Route]:
        door, change = self._doors.door, Action.CHANGE_SETTINGS
        return [
            door(PATH, self.show, Action.READ_SETTINGS),
            door(PATH, self.save, change, ("POST",)),
            door(PATH + "/test", self.stream, change, ("POST",)),
            door(PATH + "/check", self.check, change, ("POST",)),
            door(PATH + "/look", self.look, change, ("POST",)),
            door(PATH + "/lists", self.lists, change, ("POST",)),
            door(AWAY, self.put_away, change, ("POST",)),
        ]

    async def show(self, request: Request, visitor: Visitor) -> Response:
        chosen, all_ = await self._chosen(visitor, request.query_params.get("connection", ""))
        if request.query_params.get("new") is not None:
            chosen = None
        lists = UNREAD
        if chosen is not None:
            ask = request.query_params.get("lists") == "read"
            connection = chosen.connection
            lists = (
                await self._lists.anew(connection, OF_CASES)
                if ask
                else self._lists.known(connection, OF_CASES)
            )
        typed = forms.shown(chosen.connection if chosen else None)
        return await self._page(request, visitor, typed, all_, lists=lists)

    async def save(self, request: Request, visitor: Visitor) -> Response:
        """Without JavaScript: all checks, then the page with their results."""
        typed, all_ = await self._typed(request, visitor)
        deed = str((await request.form()).get("deed", "test"))
        if typed.wanted is None:
            return await self._page(request, visitor, typed, all_, status=422)
        connection = typed.connection(visitor.organisation)
        if deed.startswith(AGAIN):
            check = await self._ask_again(visitor, typed, deed.removeprefix(AGAIN))
            return await self._page(request, visitor, typed, all_, checks=[check])
        changed = not typed.changes_nothing(visitor.organisation)
        checks = [check async for check in self._trials.checks(connection, changed=changed)]
        outcome = await self._settle(visitor, typed, checks, anyway=deed == "anyway")
        if outcome.saved:
            return RedirectResponse(_after(outcome), 303)
        return await self._page(request, visitor, typed, all_, checks=checks, status=422)

    async def stream(self, request: Request, visitor: Visitor) -> Response:
        """The same for a script: each check as it ends, as a piece of the page."""
        typed, all_ = await self._typed(request, visitor)
        if typed.wanted is None:
            return await self._page(request, visitor, typed, all_, status=422)
        anyway = (await request.form()).get("deed") == "anyway"
        pieces = self._pieces(request, visitor, typed, anyway=anyway)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(pieces, media_type="text/html", headers=headers)

    async def _pieces(
        self, request: Request, visitor: Visitor, typed: Typed, *, anyway: bool
    ) -> AsyncIterator[str]:
        connection = typed.connection(visitor.organisation)
        names = self._trials.names(connection)
        checks: list[Check] = []

        def piece(**values: object) -> str:
            return frame.piece(request, visitor, PIECE, titles=TITLES, **values) + RECORD_END

        yield piece(waits=names[0], count=len(names))
        changed = not typed.changes_nothing(visitor.organisation)
        async for check in self._trials.checks(connection, changed=changed):
            checks.append(check)
            following = names[len(checks)] if len(checks) < len(names) else ""
            yield piece(check=check, waits="" if failures([check]) else following, count=len(names))
        try:
            outcome = await self._settle(visitor, typed, checks, anyway=anyway)
        except Problem as refusal:
            yield piece(trouble=str(refusal))
            return
        except Later as failure:  # whether it was saved is not known: the script looks
            log.warning("request.put_off", reason=str(failure))
            return
        yield piece(outcome=outcome, href=_after(outcome) if outcome.saved else "")

    async def _settle(
        self, visitor: Visitor, typed: Typed, checks: Sequence[Check], *, anyway: bool
    ) -> Outcome:
        try:
            outcome = await self._trials.settle(visitor, typed, checks, anyway=anyway)
        except Refused as refusal:
            raise Problem(409, f"{refusal} {REPEAT}") from refusal
        self._doors.foot.forget(visitor.organisation)
        return outcome

    async def check(self, request: Request, visitor: Visitor) -> Response:
        """One check again, in place."""
        typed, all_ = await self._typed(request, visitor)
        if typed.wanted is None:
            return await self._page(request, visitor, typed, all_, status=422)
        only = str((await request.form()).get("only", ""))
        check = await self._ask_again(visitor, typed, only)
        return draw(request, visitor, PIECE, check=check, titles=TITLES)

    async def _ask_again(self, visitor: Visitor, typed: Typed, only: str) -> Check:
        connection = typed.connection(visitor.organisation)
        if only not in self._trials.names(connection):
            raise Problem(404, "There is no check of this name.")
        changed = not typed.changes_nothing(visitor.organisation)
        (check,) = [
            one async for one in self._trials.checks(connection, only=only, changed=changed)
        ]
        await self._trials.again(visitor, typed, check)
        return check

    async def look(self, request: Request, visitor: Visitor) -> Response:
        """While typing: the same page, of which the field that changed takes its own part."""
        typed, all_ = await self._typed(request, visitor)
        return await self._page(request, visitor, typed, all_)

    async def lists(self, request: Request, visitor: Visitor) -> Response:
        """Read with what is typed, before it is saved; nothing that was typed is put back."""
        typed, all_ = await self._typed(request, visitor)
        lists = None
        if typed.before is not None and typed.reaches_the_same(visitor.organisation):
            lists = await self._lists.anew(typed.before, OF_CASES)
        elif typed.wanted is not None:
            lists = await self._typed_lists(typed.connection(visitor.organisation))
        return await self._page(request, visitor, typed, all_, lists=lists)

    async def _typed_lists(self, connection: Connection) -> Lists:
        """Not remembered: they may be of another Creatio than what is saved."""
        try:
            return Lists(await self._creatio.inspection.choices(connection), self._parts.now())
        except (Later, Never):
            return Lists({}, trouble=True)

    async def put_away(self, request: Request, visitor: Visitor) -> Response:
        del request
        await self._creatio.setup.put_away(visitor.organisation, by=visitor.email)
        return RedirectResponse(PATH, 303)

    async def _typed(
        self, request: Request, visitor: Visitor
    ) -> tuple[Typed, Sequence[ListedConnection]]:
        form = await request.form()
        name = str(form.get("connection", ""))
        all_ = await self._creatio.connections.list(visitor.organisation)
        chosen = next((one.connection for one in all_ if one.connection.name == name), None)
        if name and chosen is None:
            raise Problem(404, "This connection was removed meanwhile.")
        others = [one.connection.name for one in all_]
        plain = self._creatio.plain_http_allowed
        return forms.read(form, chosen, others=others, plain=plain), all_

    async def _chosen(
        self, visitor: Visitor, name: str
    ) -> tuple[ListedConnection | None, Sequence[ListedConnection]]:
        """The named one, else the first; there may be none yet."""
        all_ = await self._creatio.connections.list(visitor.organisation)
        if name:
            found = next((one for one in all_ if one.connection.name == name), None)
            if found is None:
                raise Problem(404, "There is no connection of this name.")
            return found, all_
        return (all_[0] if all_ else None), all_

    async def _page(
        self,
        request: Request,
        visitor: Visitor,
        typed: Typed,
        all_: Sequence[ListedConnection],
        *,
        lists: Lists | None = None,
        checks: Sequence[Check] | None = None,
        status: int = 200,
    ) -> Response:
        before = typed.before
        listed = next((one for one in all_ if before and one.connection.id == before.id), None)
        if lists is None:
            lists = UNREAD if before is None else self._lists.known(before, OF_CASES)
        last = None
        if checks is None and before is not None:
            last = await self._creatio.setup.last_test(before.key)
        return draw(
            request,
            visitor,
            TEMPLATE,
            status=status,
            typed=typed,
            listed=listed,
            trouble=own_words(listed.trouble or "") if listed else "",
            connections=[one.connection.name for one in all_],
            lists=lists,
            offered=Offered(lists),
            kinds=KINDS,
            zones=zones.offered(),
            languages=[(each, texts_of(each).name) for each in Language],
            checks=last.checks if last else checks,
            last=last,
            unsaved=checks is not None,
            titles=TITLES,
            steps=await steps(self._creatio.setup, visitor.organisation),
            done=DONE.get(request.query_params.get("done", "")),
            command=_command(before),
        )


def _after(outcome: Outcome) -> str:
    done = "saved" if outcome.works else "not-working"
    return f"{PATH}?{urlencode({'connection': outcome.saved, 'done': done})}"


def _command(before: Connection | None) -> str:
    return "caseway doctor" if before is None else f"caseway connection test {before.name}"
