"""What `doctor` and "Test connection" ask: one named check after the other, each with a remedy.

They read only: which rights to create and change we have follows from what we once did. Nothing
of a foreign body is ever shown: an address that somebody typed may be anything.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec
from yarl import URL

from caseway.creatio import evidence as known
from caseway.creatio.errors import CONNECTION_PAGE, CredentialsRefused, Meaning
from caseway.creatio.found import CHECK_URL, Found, failed, unanswered
from caseway.creatio.library import LISTED, PROCESSES, listed
from caseway.creatio.line import Line, Reply, Request, Unwilling
from caseway.creatio.mapping import (
    ACTIVITY_COLUMNS,
    AUTHOR,
    CASE_COLUMNS,
    CASE_OF_ACTIVITY,
    CreatedRow,
    StatusRow,
    status,
)
from caseway.creatio.odata import CHEAPEST, STATUSES, Rows, any_of, rows
from caseway.creatio.places import Somewhere
from caseway.creatio.platform import platform
from caseway.domain.connection import Auth, Connection, Platform
from caseway.domain.ids import StatusId
from caseway.domain.remote import Status
from caseway.outbound import NoAnswer, NotReached, Outside, TooLarge
from caseway.ports import CallCounter, Check, Evidence, Later, Mark, Never, Place

SKEW: Final = timedelta(minutes=1)
NEARLY_USED: Final = 0.8
FIRST_ANSWER_BYTES: Final = 64 * 1024
_AFTER_SIGN_IN: Final = (
    "OData",
    "read cases",
    "read activities",
    "read contacts",
    "create",
    "change",
    "statuses",
    "case owner",
    "case group",
    "case origins",
    "priorities",
    "clock",
    "budget",
    "rate limits",
    "webhook",
    "sweep",
    "processes",
)
CHOSEN_FROM: Final = {
    "Contact": Somewhere.USERS,
    "SysAdminUnit": Somewhere.ROLES,
    "CaseOrigin": Somewhere.LOOKUPS,
    "CasePriority": Somewhere.LOOKUPS,
}
_RUNTIMES: Final = {
    Platform.FRAMEWORK: ".NET Framework (routes below /0)",
    Platform.CORE: ".NET (routes at the root)",
}
_STATUSES: Final = msgspec.json.Decoder(Rows[StatusRow])
_IDS: Final = msgspec.json.Decoder(Rows[CreatedRow])


async def checks(
    connection: Connection,
    outside: Outside,
    counter: CallCounter,
    *,
    now: Callable[[], datetime],
    evidence: Evidence | None = None,
    only: str = "",
    monotonic: Callable[[], float] = time.monotonic,
) -> AsyncIterator[Check]:
    """In order, as they end. What a failure makes pointless is left out; `only`: just this one."""
    asked = _Checks(
        connection,
        outside,
        counter,
        now=now,
        evidence=evidence or Evidence(),
        monotonic=monotonic,
    )
    for name, ask, goes_on in asked.all():
        if only not in {"", name}:
            continue
        begin = monotonic()
        found = await ask()
        elapsed = timedelta(seconds=monotonic() - begin)
        yield Check(name, found.mark, found.detail, found.remedy, elapsed, asked.place(found))
        if found.mark is Mark.FAILED and not goes_on:
            return


def names(connection: Connection) -> tuple[str, ...]:
    """Of all checks, in order."""
    secure = "TLS" if connection.base_url.startswith("https:") else "connection"
    sign_in = "token" if connection.auth is Auth.OAUTH else "login"
    return ("address", secure, sign_in, *_AFTER_SIGN_IN)


Asked = tuple[str, Callable[[], Awaitable[Found]], bool]


class _Checks:
    def __init__(
        self,
        connection: Connection,
        outside: Outside,
        counter: CallCounter,
        *,
        now: Callable[[], datetime],
        evidence: Evidence,
        monotonic: Callable[[], float],
    ) -> None:
        self._evidence = evidence
        self._throttled = evidence.throttled
        self._connection = connection
        self._outside = outside
        self._counter = counter
        self._now = now
        self._line = Line(
            connection,
            outside,
            counter,
            monotonic=monotonic,
            chance=lambda: 0.0,
            on_closed=lambda: None,
        )
        self._url = URL(connection.base_url + "/")
        self._statuses: dict[StatusId, Status] = {}

    def all(self) -> list[Asked]:
        """Name, question, and whether the rest makes sense if it fails."""
        settings = self._connection.settings
        marked_by = settings.reply_rule.internal_column
        columns = f"{ACTIVITY_COLUMNS},{marked_by}" if marked_by else ACTIVITY_COLUMNS
        activities = f"/odata/Activity?$select={columns}&$top=1"
        activities += f"&$expand={CASE_OF_ACTIVITY},{AUTHOR}"
        contacts = "/odata/Contact?$select=Id,Name,Email,MobilePhone&$top=1"
        questions = (
            self._address,
            self._reached,
            self._signed_in,
            self._odata,
            self._reads(f"/odata/Case?$select={CASE_COLUMNS}&$top=1"),
            self._reads(activities),
            self._reads(contacts),
            _said(known.creates(self._evidence)),
            _said(known.changes()),
            self._statuses_found,
            self._exist("Contact", {settings.owner}),
            self._exist("SysAdminUnit", {settings.group}),
            self._exist("CaseOrigin", settings.origins.values()),
            self._exist("CasePriority", settings.every_priority),
            self._clock,
            self._budget,
            self._rate_limits,
            self._webhook,
            self._sweep,
            self._processes,
        )
        decisive = 4
        return [
            (name, ask, position >= decisive)
            for position, (name, ask) in enumerate(
                zip(names(self._connection), questions, strict=True)
            )
        ]

    def place(self, found: Found) -> Place | None:
        """.NET Framework's address where the runtime is not known yet: most instances' own."""
        if found.place is None:
            return None
        prefix = self._line.known_prefix
        return found.place.below(self._connection.base_url, "/0" if prefix is None else prefix)

    @property
    def _identity(self) -> Somewhere:
        """Where the user that we sign in as, or the application, stands in Creatio."""
        return Somewhere.OAUTH if self._connection.auth is Auth.OAUTH else Somewhere.USERS

    async def _address(self) -> Found:
        try:
            found = await self._outside.addresses(self._url)
        except NotReached as error:
            return failed(str(error), error.remedy or CHECK_URL)
        return Found(Mark.OK, f"{self._url.host} is {', '.join(found)}")

    async def _reached(self) -> Found:
        try:
            await self._outside.ask(
                "GET",
                self._url,
                headers={},
                within_seconds=self._line.left(self._line.deadline()),
                limit_bytes=FIRST_ANSWER_BYTES,
            )
        except NotReached as error:
            return failed(str(error), error.remedy or CHECK_URL, Somewhere.FRONT)
        except TooLarge:
            return Found(Mark.OK, f"{self._url.host} answers")
        except NoAnswer as error:
            return failed(str(error), CHECK_URL, Somewhere.FRONT)
        return Found(Mark.OK, f"{self._url.host} answers")

    async def _signed_in(self) -> Found:
        try:
            await self._line.sign_in(until=self._line.deadline())
        except CredentialsRefused as failure:
            return failed(str(failure), failure.remedy, self._identity)
        except Later as failure:
            by_token = self._connection.auth is Auth.OAUTH
            place = Somewhere.IDENTITY_SERVICE if by_token else Somewhere.FRONT
            return failed(str(failure), failure.remedy, place)
        return Found(Mark.OK, f"given by {self._line.signer.place}")

    async def _odata(self) -> Found:
        try:
            prefix = await self._line.prefix(until=self._line.deadline())
        except Unwilling as answered:
            return self._refused(answered.reply)
        except (Later, Never):
            return failed("no OData answers below this address", CHECK_URL, Somewhere.FRONT)
        found = await self._read(CHEAPEST)
        if isinstance(found, Found):
            return found
        return Found(Mark.OK, _RUNTIMES[platform(prefix)])

    def _reads(self, query: str) -> Callable[[], Awaitable[Found]]:
        async def ask() -> Found:
            found = await self._read(query)
            return found if isinstance(found, Found) else Found(Mark.OK, "may be read")

        return ask

    async def _read(self, query: str) -> Reply | Found:
        """The answer, or how it failed: its status alone, and what may be done."""
        request = Request("check", query)
        try:
            reply = await self._line.ask(request, until=self._line.deadline())
        except (Later, Never) as failure:
            found = unanswered(failure)
            refused = isinstance(failure, CredentialsRefused)
            return replace(found, place=self._identity) if refused else found
        self._throttled = self._throttled or reply.answer.status == 429
        return reply if reply.verdict.meaning is Meaning.GOOD else self._refused(reply)

    def _refused(self, reply: Reply) -> Found:
        status = reply.answer.status
        place = {401: self._identity, 403: Somewhere.PERMISSIONS}.get(status)
        return failed(f"Creatio answered {status}", reply.verdict.remedy, place)

    async def _statuses_found(self) -> Found:
        reply = await self._read(STATUSES)
        if isinstance(reply, Found):
            return reply
        try:
            found = [status(row) for row in rows(_STATUSES, reply.answer)]
        except Later as failure:
            return failed(str(failure), CHECK_URL)
        self._statuses = {one.id: one for one in found}
        settings = self._connection.settings
        chosen = {settings.resolved_status, settings.reopen_status, *settings.resolved_statuses}
        if chosen - {None} - self._statuses.keys():
            return failed(
                "a chosen status does not exist in Creatio any more",
                f"Choose the statuses again under {CONNECTION_PAGE}.",
                Somewhere.LOOKUPS,
            )
        ending = [one for one in found if one.flagged]
        if not ending and not settings.resolved_statuses:
            return Found(
                Mark.WARN,
                f"{len(found)} statuses, none flagged as resolved or final",
                f"List the statuses that mean resolved under {CONNECTION_PAGE}.",
                Somewhere.LOOKUPS,
            )
        return Found(Mark.OK, f"{len(found)} statuses, {len(ending)} resolved or final")

    def _exist(
        self, collection: str, chosen: Collection[UUID | None]
    ) -> Callable[[], Awaitable[Found]]:
        wanted = {one for one in chosen if one is not None}

        async def ask() -> Found:
            if not wanted:
                return Found(Mark.OK, "none chosen: Creatio's default")
            query = f"/odata/{collection}?$select=Id&$filter={any_of('Id', sorted(wanted))}"
            reply = await self._read(query)
            if isinstance(reply, Found):
                return reply
            try:
                there = rows(_IDS, reply.answer)
            except Later as failure:
                return failed(str(failure), CHECK_URL)
            if wanted - {row.id for row in there}:
                return failed(
                    "the one that was chosen is not found in Creatio",
                    f"Choose another one under {CONNECTION_PAGE}.",
                    CHOSEN_FROM[collection],
                )
            return Found(Mark.OK, "found")

        return ask

    async def _clock(self) -> Found:
        reply = await self._read(CHEAPEST)
        if isinstance(reply, Found):
            return reply
        skew = self._now() - reply.at
        if abs(skew) > SKEW:
            ahead = "behind" if skew > timedelta() else "ahead of"
            return Found(
                Mark.WARN,
                f"Creatio's clock is {abs(skew).total_seconds():.0f} s {ahead} ours",
                "Set both clocks by NTP. Nothing is lost, but times look odd.",
            )
        return Found(Mark.OK, "Creatio's clock agrees with ours")

    async def _budget(self) -> Found:
        used, limit = self._counter.used_today(), self._connection.settings.calls_a_day
        if limit is None:
            return Found(Mark.OK, f"{used:,} calls today, no limit")
        detail = f"{used:,} of {limit:,} calls used today"
        if used < NEARLY_USED * limit:
            return Found(Mark.OK, detail)
        return Found(
            Mark.WARN,
            detail,
            "The sweep slows down and the rest is kept for replies. Set up the webhook, or a"
            f" larger plan under {CONNECTION_PAGE}.",
        )

    async def _rate_limits(self) -> Found:
        return known.limits(throttled=self._throttled)

    async def _webhook(self) -> Found:
        return known.webhook(self._connection, self._evidence, self._now())

    async def _sweep(self) -> Found:
        return known.sweep(self._connection, self._evidence.asking, self._now())

    async def _processes(self) -> Found:
        reply = await self._read(LISTED)
        if isinstance(reply, Found):
            return known.NO_LIBRARY
        try:
            found = listed(rows(PROCESSES, reply.answer))
        except Later:
            return known.NO_LIBRARY
        return known.processes(found, self._evidence)


def _said(found: Found) -> Callable[[], Awaitable[Found]]:
    async def say() -> Found:
        return found

    return say
