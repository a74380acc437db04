"""Settings → Reply rule: which activities go to the customer, tried before it counts."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from caseway.domain.connection import Connection
from caseway.domain.reply_rule import ReplyRule
from caseway.domain.roles import Action
from caseway.ports import NotConfigured, Overtaken, Pick, Sample
from caseway.web.dashboard import rule_form as forms
from caseway.web.dashboard.doors import Doors, Visitor
from caseway.web.dashboard.frame import draw
from caseway.web.dashboard.rule_preview import preview
from caseway.web.parts import Parts
from caseway.web.problems import Problem

PATH: Final = "/settings/reply-rule"
LISTS: Final = (Pick.TYPE, Pick.CATEGORY, Pick.OWNER)
DONE: Final = {
    "saved": "Saved. It holds from now on, for what agents write or change.",
    "same": "Nothing was changed: the rule was so already.",
}
GONE: Final = "There is no such connection; it may have been removed."
REFUSED_COLUMN: Final = "Creatio knows no column of activities named {column}, or refuses it."
UNSEEN_COLUMN: Final = (
    "Creatio does not answer, so the column cannot be looked at. A name that it does not know "
    "would stop every conversation: save it once Creatio answers."
)


class ReplyRulePages:
    def __init__(self, parts: Parts, doors: Doors) -> None:
        self._parts = parts
        self._doors = doors

    def routes(self) -> list[Route]:
        door, change = self._doors.door, Action.CHANGE_SETTINGS
        return [
            door(PATH, self.show, Action.READ_SETTINGS),
            door(PATH, self.save, change, ("POST",)),
            door(PATH + "/preview", self.preview, change, ("POST",)),
        ]

    async def show(self, request: Request, visitor: Visitor) -> Response:
        query = request.query_params
        connection = await self._connection(visitor, query.get("connection", ""))
        if connection is None:
            return draw(request, visitor, "reply_rule_none.html")
        typed = forms.shown(connection.settings.reply_rule, connection.version)
        sample = await self._parts.samples.newest(
            connection, marked_by=typed.rule.internal_column, anew="again" in query
        )
        return await self._page(request, visitor, connection, typed, sample, row=query.get("row"))

    async def preview(self, request: Request, visitor: Visitor) -> Response:
        """The page with what was typed, and nothing kept of it."""
        form = await request.form()
        connection = await self._connection(visitor, str(form.get("connection", "")))
        if connection is None:
            return RedirectResponse(PATH, 303)
        typed = forms.read(form, connection.version)
        if "default" in form:
            typed = forms.shown(ReplyRule(), typed.version)
        sample = await self._parts.samples.newest(connection, marked_by=typed.rule.internal_column)
        row = str(form.get("row", ""))
        return await self._page(request, visitor, connection, typed, sample, row=row, is_draft=True)

    async def save(self, request: Request, visitor: Visitor) -> Response:
        form = await request.form()
        connection = await self._connection(visitor, str(form.get("connection", "")))
        if connection is None:
            return RedirectResponse(PATH, 303)
        typed = forms.read(form, connection.version)
        column = typed.rule.internal_column
        sample = await self._parts.samples.newest(connection, marked_by=column)
        faults = dict(typed.faults)
        if column and column != connection.settings.reply_rule.internal_column and sample.trouble:
            refused = REFUSED_COLUMN.format(column=column)
            faults["column"] = refused if sample.is_refused else UNSEEN_COLUMN
        if faults:
            return await self._page(
                request, visitor, connection, typed, sample, faults=faults, is_draft=True
            )
        try:
            changed = await self._parts.rules.change_reply_rule(
                connection.key, typed.rule, version=typed.version, actor=visitor.actor
            )
        except Overtaken as overtaken:
            connection = await self._connection(visitor, str(connection.id)) or connection
            typed = replace(typed, version=connection.version, overtaken=str(overtaken))
            return await self._page(request, visitor, connection, typed, sample, is_draft=True)
        except NotConfigured:
            raise Problem(404, GONE) from None
        done = "saved" if changed else "same"
        return RedirectResponse(f"{PATH}?connection={connection.id}&done={done}", 303)

    async def _connection(self, visitor: Visitor, id: str) -> Connection | None:
        """The one asked for, else the first; None if there is none at all."""
        found = await self._parts.rules.connections(visitor.organisation)
        if not id:
            return found[0] if found else None
        for one in found:
            if str(one.id) == id:
                return one
        raise Problem(404, GONE)

    async def _page(
        self,
        request: Request,
        visitor: Visitor,
        connection: Connection,
        typed: forms.Typed,
        sample: Sample,
        *,
        faults: Mapping[str, str] | None = None,
        row: str | None = None,
        is_draft: bool = False,
    ) -> Response:
        faults = typed.faults if faults is None else faults
        lists = (await self._parts.pick_lists.of(connection, LISTS)).picks
        rule = typed.rule
        return draw(
            request,
            visitor,
            "reply_rule.html",
            # A preview is an answer whatever was typed: only what was to be saved is refused.
            status=409 if typed.overtaken else 422 if faults and request.url.path == PATH else 200,
            connection=connection,
            connections=await self._parts.rules.connections(visitor.organisation),
            typed=typed,
            rule=rule,
            faults=faults,
            is_draft=is_draft,
            types=forms.pickable(lists[Pick.TYPE], rule.types),
            categories=forms.pickable(lists[Pick.CATEGORY], rule.categories),
            people=forms.pickable(lists[Pick.OWNER], rule.authors_left_out),
            has_lists=bool(lists[Pick.TYPE]),
            fields=forms.FIELDS,
            sample=sample,
            seen=preview(
                sample,
                kept=connection.settings.reply_rule,
                typed=rule,
                chosen=_uuid(row),
                words=self._parts.words,
            ),
            done=DONE.get(request.query_params.get("done", ""), ""),
        )


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None
