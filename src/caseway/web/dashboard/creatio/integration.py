"""Settings → Integrations → Creatio: the webhook's URL, how to call it, and what arrives."""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from caseway.domain.connection import Auth, Connection
from caseway.domain.guide import EXCEPT_US, OUR_USER, SHORT_FORM, WEBHOOK_URL, YOUR_CREATIO
from caseway.domain.ids import ConnectionKey
from caseway.domain.roles import Action
from caseway.domain.secret import Secret
from caseway.domain.sweeping import ACTIVITY, in_words, pause, without_webhooks
from caseway.domain.trouble import own_words
from caseway.ports import Arrived, Check, Evidence, ListedToken, NotConfigured, Rehearsed
from caseway.web.dashboard.creatio.lights import lights, unreadable
from caseway.web.dashboard.creatio.steps import steps
from caseway.web.dashboard.creatio.trial import TITLES, Trials
from caseway.web.dashboard.doors import Doors, Visitor
from caseway.web.dashboard.frame import draw
from caseway.web.dashboard.live import stream
from caseway.web.parts import Parts
from caseway.web.problems import Problem

PATH: Final = "/settings/integrations/creatio"
LIVE: Final = "/live/creatio"
LOOK_EVERY: Final = timedelta(seconds=1)
GRACE: Final = {"day": timedelta(hours=24), "now": timedelta(0)}
ASKED_HERE: Final = ("webhook", "processes")  # the checks of this page
DONE: Final = {
    "made": "This is the webhook URL. Put it into Creatio's web service.",
    "regenerated": "There is a new URL. Put it into Creatio's web service before the old one ends.",
    "replaced": "There is a new URL, and the old one has ended: put it into Creatio's web service.",
    "revoked": "The previous URL is revoked. Whoever still calls it is answered 401.",
}


@dataclass(frozen=True, slots=True)
class Urls:
    """`current` None: there is none yet, or the visitor may not see it."""

    current: str | None
    masked: str
    token: ListedToken | None
    previous: Sequence[ListedToken]  # those whose grace period runs


class IntegrationPages:
    def __init__(self, parts: Parts, doors: Doors) -> None:
        self._parts = parts
        self._creatio = parts.creatio
        self._doors = doors
        self._trials = Trials(parts)

    def routes(self) -> list[Route]:
        door, url = self._doors.door, Action.SEE_WEBHOOK_URL
        return [
            door(PATH, self.show, Action.READ_SETTINGS),
            door(PATH + "/regenerate", self.regenerate, url, ("POST",)),
            door(PATH + "/revoke", self.revoke, url, ("POST",)),
            door(PATH + "/test", self.rehearse, Action.CHANGE_SETTINGS, ("POST",)),
            door(PATH + "/check", self.check, Action.CHANGE_SETTINGS, ("POST",)),
            door(LIVE, self.live, Action.READ_SETTINGS),
        ]

    async def show(self, request: Request, visitor: Visitor) -> Response:
        return await self._page(request, visitor)

    async def regenerate(self, request: Request, visitor: Visitor) -> Response:
        connection = await self._named(request, visitor)
        grace = GRACE.get(str((await request.form()).get("grace", "day")))
        if grace is None:
            raise Problem(400, "The old URL ends after a day, or now.")
        key = connection.key
        first = await self._creatio.tokens.current(key) is None
        await self._creatio.tokens.rotate(key, grace=grace, actor=visitor.actor)
        done = "made" if first else "regenerated" if grace else "replaced"
        return _back(connection, done)

    async def revoke(self, request: Request, visitor: Visitor) -> Response:
        connection = await self._named(request, visitor)
        name = str((await request.form()).get("token", ""))
        with suppress(NotConfigured):  # somebody was faster, which is what was wanted
            await self._creatio.tokens.revoke(visitor.organisation, name, actor=visitor.actor)
        return _back(connection, "revoked")

    async def rehearse(self, request: Request, visitor: Visitor) -> Response:
        """A test event, sent through the public URL as Creatio would."""
        connection = await self._named(request, visitor)
        token = await self._creatio.tokens.ensure(connection.key, actor=visitor.actor)
        rehearsed = await self._creatio.rehearsal.call(token)
        return await self._page(request, visitor, rehearsed=rehearsed)

    async def check(self, request: Request, visitor: Visitor) -> Response:
        """Asks Creatio's process library, and weighs what arrived."""
        connection = await self._named(request, visitor)
        checks = [
            check
            for only in ASKED_HERE
            async for check in self._trials.checks(connection, only=only)
        ]
        return await self._page(request, visitor, checks=checks)

    async def live(self, request: Request, visitor: Visitor) -> Response:
        connection = await self._named(request, visitor)
        key = connection.key

        async def changed() -> str:
            return _token(await self._creatio.setup.evidence(key))

        return await stream(request, changed, LOOK_EVERY)

    async def _named(self, request: Request, visitor: Visitor) -> Connection:
        name = request.query_params.get("connection", "")
        if request.method == "POST":
            name = str((await request.form()).get("connection", ""))
        for listed in await self._creatio.connections.list(visitor.organisation):
            if listed.connection.name == name:
                return listed.connection
        raise Problem(404, "There is no connection of this name.")

    async def _page(
        self,
        request: Request,
        visitor: Visitor,
        *,
        rehearsed: Rehearsed | None = None,
        checks: Sequence[Check] | None = None,
    ) -> Response:
        all_ = await self._creatio.connections.list(visitor.organisation)
        strip = await steps(self._creatio.setup, visitor.organisation)
        if not all_:
            return draw(request, visitor, "integration_none.html", steps=strip)
        form = await request.form() if request.method == "POST" else request.query_params
        name = str(form.get("connection", "")) or all_[0].connection.name
        chosen = next((one for one in all_ if one.connection.name == name), None)
        if chosen is None:
            raise Problem(404, "There is no connection of this name.")
        connection = chosen.connection
        key = connection.key
        urls = await self._urls(visitor, key)
        evidence = await self._creatio.setup.evidence(key)
        works = any(one.calls > one.rejected for one in evidence.arrived)
        short = form.get("guide") == "short"
        return draw(
            request,
            visitor,
            "integration.html",
            connection=connection,
            connections=[one.connection.name for one in all_],
            urls=urls,
            address=self._parts.public_url,
            is_private=self._creatio.public_url_is_private,
            works=works,
            lights=lights(evidence.arrived, urls.token.public_name if urls.token else ""),
            unreadable=unreadable(evidence.arrived),
            evidence=evidence,
            live_token=_token(evidence),
            swept=[
                replace(each, trouble=own_words(each.trouble))
                for each in await self._creatio.setup.swept(key)
            ],
            findings={one.type: one for one in await self._creatio.setup.findings(key)},
            sweeps=_sweeps(connection, works=works),
            meanwhile=without_webhooks(connection.settings.sweeping),
            guide=SHORT_FORM if short else YOUR_CREATIO,
            is_short=short,
            except_us=EXCEPT_US,
            given=_given(connection, urls),
            checks=checks if checks is not None else await self._last(key),
            asked=checks is not None,
            rehearsed=rehearsed,
            titles=TITLES,
            steps=strip,
            done=DONE.get(request.query_params.get("done", "")),
        )

    async def _last(self, key: ConnectionKey) -> Sequence[Check]:
        last = await self._creatio.setup.last_test(key)
        return [check for check in last.checks if check.name in ASKED_HERE] if last else []

    async def _urls(self, visitor: Visitor, key: ConnectionKey) -> Urls:
        now = self._parts.now()
        listed = [
            token
            for token in await self._creatio.tokens.list(visitor.organisation)
            if token.connection == key.connection and token.revoked_at is None
        ]
        token = next((each for each in listed if each.expires_at is None), None)
        previous = [each for each in listed if each.expires_at and each.expires_at > now]
        prefix = f"{self._parts.public_url}/backend/creatio/webhook/"
        masked = f"{prefix}cw_{token.public_name}_{'•' * 12}" if token else ""
        current = None
        if token is not None and visitor.may(Action.SEE_WEBHOOK_URL):
            secret: Secret | None = await self._creatio.tokens.current(key)
            current = None if secret is None else prefix + secret.reveal()
        return Urls(current, masked, token, previous)


def _token(evidence: Evidence) -> str:
    """How the lights stand, in a few characters: new whenever something has come."""

    def of(one: Arrived) -> str:
        return f"{one.token_name}:{one.type}:{one.calls}:{one.rejected}"

    told = [*sorted(map(of, evidence.arrived)), str(sum(c.calls for c in evidence.refused_calls))]
    return hashlib.sha256("|".join(told).encode()).hexdigest()[:16]


def _given(connection: Connection, urls: Urls) -> Mapping[str, str]:
    """What stands for the connection's own values in the guide."""
    user = connection.login if connection.auth is Auth.FORMS else "Caseway's user"
    return {WEBHOOK_URL: urls.current or urls.masked, OUR_USER: user}


def _sweeps(connection: Connection, *, works: bool) -> str:
    sweeping = connection.settings.sweeping
    if not sweeping.enabled:
        return "never: the sweep is off, so a missed webhook is not healed"
    often = in_words(pause(ACTIVITY, chosen=sweeping.interval, webhooks_work=works))
    if sweeping.interval is not None:
        return f"every {often}, as set under Ticketing"
    return f"every {often}, {'since' if works else 'until'} webhooks work"


def _back(connection: Connection, done: str) -> Response:
    query = urlencode({"connection": connection.name, "done": done})
    return RedirectResponse(f"{PATH}?{query}", 303)
