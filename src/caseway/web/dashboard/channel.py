"""Settings → Channels → one of them: its state, its settings, its secret, its test."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from caseway.domain.connection import ChannelAccount
from caseway.domain.ids import ChannelId
from caseway.domain.roles import Action
from caseway.ports import Channelled, NotConfigured, Overtaken, Tried
from caseway.web.dashboard import channel_forms as forms
from caseway.web.dashboard.doors import Doors, Endpoint, Visitor
from caseway.web.dashboard.frame import draw
from caseway.web.dashboard.versions import opened_with
from caseway.web.parts import Parts
from caseway.web.problems import Problem
from caseway.web.widget.snippet import snippet

PATH: Final = "/settings/channels"
ONE: Final = PATH + "/{channel:uuid}"
GRACE: Final = timedelta(hours=24)
AT_ONCE: Final = timedelta(0)
MOST_WAITING: Final = 5
DONE: Final = {
    "added": "The channel is there. Paste the snippet into your pages, and it answers.",
    "saved": "Saved. It holds from now on, without a restart.",
    "paused": "Paused. Replies wait until you resume; what customers write is taken as ever.",
    "resumed": "Resumed. What waited is being tried now.",
    "ended": "The old secret does not hold any more.",
}


class ChannelPages:
    def __init__(self, parts: Parts, doors: Doors) -> None:
        self._parts = parts
        self._book = parts.channel_book
        self._doors = doors

    def routes(self) -> list[Route]:
        door, change = self._doors.door, Action.CHANGE_SETTINGS
        deeds: dict[str, Endpoint] = {
            "": self.save,
            "/secret": self.new_secret,
            "/secret/end": self.end_former_secret,
            "/test": self.send_test,
            "/pause": self.pause,
            "/resume": self.resume,
            "/remove": self.remove,
        }
        return [
            door(ONE, self.show, Action.READ_SETTINGS),
            door(ONE + "/try", self.try_out, Action.READ_SETTINGS),
            *(door(ONE + path, deed, change, ("POST",)) for path, deed in deeds.items()),
        ]

    async def show(self, request: Request, visitor: Visitor) -> Response:
        return await show(self._parts, request, visitor, await self._asked(request, visitor))

    async def try_out(self, request: Request, visitor: Visitor) -> Response:
        """The real widget of this channel, as a page of the customer's has it."""
        found = await self._asked(request, visitor)
        if found.account.kind != forms.WIDGET:
            raise Problem(404, "Only a widget can be tried on a page.")
        return draw(request, visitor, "channel_try.html", account=found.account)

    async def save(self, request: Request, visitor: Visitor) -> Response:
        found = await self._asked(request, visitor)
        account = found.account
        form = await request.form()
        typed = await forms.read(
            account.kind, form, account.settings, self._parts.callbacks, is_new=False
        )
        typed = replace(typed, version=opened_with(form, account.version))
        if typed.faults:
            return await show(self._parts, request, visitor, found, typed=typed)
        try:
            await self._book.change(
                visitor.organisation,
                account.id,
                typed.settings,
                version=typed.version,
                actor=visitor.actor,
            )
        except Overtaken as overtaken:
            found = await self._asked(request, visitor)
            typed = replace(typed, version=found.account.version, overtaken=str(overtaken))
            return await show(self._parts, request, visitor, found, typed=typed)
        return _back(account, "saved")

    async def new_secret(self, request: Request, visitor: Visitor) -> Response:
        account = (await self._asked(request, visitor)).account
        at_once = (await request.form()).get("old") == "end"
        made = await self._book.new_secret(
            visitor.organisation,
            account.name,
            grace=AT_ONCE if at_once else GRACE,
            actor=visitor.actor,
        )
        return await show_secret(self._parts, request, visitor, made)

    async def end_former_secret(self, request: Request, visitor: Visitor) -> Response:
        account = (await self._asked(request, visitor)).account
        await self._book.end_former_secret(visitor.organisation, account.name, actor=visitor.actor)
        return _back(account, "ended")

    async def send_test(self, request: Request, visitor: Visitor) -> Response:
        found = await self._asked(request, visitor)
        if found.account.kind != forms.API or not found.account.settings.callback_url:
            raise Problem(409, "This channel has no callback to test.")
        tried = await self._parts.callbacks.send_test(found.account)
        return await show(self._parts, request, visitor, found, tried=tried)

    async def pause(self, request: Request, visitor: Visitor) -> Response:
        account = (await self._asked(request, visitor)).account
        by = visitor.name or visitor.email
        await self._book.pause(visitor.organisation, account.id, by=by, actor=visitor.actor)
        return _back(account, "paused")

    async def resume(self, request: Request, visitor: Visitor) -> Response:
        account = (await self._asked(request, visitor)).account
        await self._book.resume(visitor.organisation, account.id, actor=visitor.actor)
        return _back(account, "resumed")

    async def remove(self, request: Request, visitor: Visitor) -> Response:
        account = (await self._asked(request, visitor)).account
        await self._book.remove(visitor.organisation, account.name, actor=visitor.actor)
        return RedirectResponse(f"{PATH}?done=removed", 303)

    async def _asked(self, request: Request, visitor: Visitor) -> Channelled:
        try:
            channel = ChannelId(request.path_params["channel"])
            return await self._book.one(visitor.organisation, channel)
        except NotConfigured as nothing:
            raise Problem(404, str(nothing)) from None


async def show(
    parts: Parts,
    request: Request,
    visitor: Visitor,
    found: Channelled,
    *,
    typed: forms.Typed | None = None,
    secret: str = "",
    tried: Tried | None = None,
) -> Response:
    account = found.account
    typed = typed or forms.shown(account.name, account.settings, account.version)
    now = parts.now()
    holding = [former.until for former in account.former if now < former.until]
    return draw(
        request,
        visitor,
        "channel.html",
        status=422 if typed.faults else 409 if typed.overtaken else 200,
        found=found,
        account=account,
        at_stake=await parts.channel_book.at_stake(account.organisation, account.id),
        waiting=await parts.channel_book.waiting(account.organisation, account.id, MOST_WAITING),
        typed=typed,
        faults=typed.faults,
        secret=secret,
        former_until=max(holding, default=None),
        former_count=len(holding),
        tried=tried,
        snippet=snippet(parts.public_url, account.id),
        public_url=parts.public_url,
        done=DONE.get(request.query_params.get("done", ""), ""),
    )


async def show_secret(
    parts: Parts, request: Request, visitor: Visitor, account: ChannelAccount
) -> Response:
    """The secret stands in this answer and nowhere else, so nothing leads away from it."""
    found = await parts.channel_book.one(account.organisation, account.id)
    secret = account.secret.reveal() if account.secret else ""
    return await show(parts, request, visitor, found, secret=secret)


def _back(account: ChannelAccount, done: str) -> Response:
    return RedirectResponse(f"{PATH}/{account.id}?done={done}", 303)
