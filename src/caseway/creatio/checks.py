"""What `doctor` and "Test connection" ask: one named check after the other, each with a remedy.

They read only, so the rights to create and change are proven by the first conversation. Nothing
of a foreign body is ever shown: an address that somebody typed may be anything.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec
from yarl import URL

from caseway.creatio.errors import CONNECTION_PAGE, Meaning
from caseway.creatio.line import Line, Reply, Request
from caseway.creatio.mapping import (
    ACTIVITY_COLUMNS,
    AUTHOR,
    CASE_COLUMNS,
    CASE_OF_ACTIVITY,
    CreatedRow,
    StatusRow,
    status,
)
from caseway.creatio.odata import CHEAPEST, STATUSES, Rows, rows
from caseway.creatio.platform import platform
from caseway.domain.connection import Auth, Connection, Platform
from caseway.domain.ids import StatusId
from caseway.domain.remote import Status
from caseway.outbound import NoAnswer, NotReached, Outside, TooLarge
from caseway.ports import CallCounter, Later, Never

SKEW: Final = timedelta(minutes=1)
NEARLY_USED: Final = 0.8
FIRST_ANSWER_BYTES: Final = 64 * 1024
_TROUBLE_REMEDY: Final = (
    "Try again in a few minutes. If it lasts, ask Creatio's administrator for its own error log."
)
_RUNTIMES: Final = {
    Platform.FRAMEWORK: ".NET Framework (routes below /0)",
    Platform.CORE: ".NET (routes at the root)",
}
_STATUSES: Final = msgspec.json.Decoder(Rows[StatusRow])
_IDS: Final = msgspec.json.Decoder(Rows[CreatedRow])


class Mark(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Found:
    mark: Mark
    detail: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    mark: Mark
    detail: str
    remedy: str
    elapsed: timedelta


async def checks(
    connection: Connection,
    outside: Outside,
    counter: CallCounter,
    *,
    now: Callable[[], datetime],
    monotonic: Callable[[], float] = time.monotonic,
) -> AsyncIterator[Check]:
    """In order, as they end. What a failure makes pointless is left out."""
    asked = _Checks(connection, outside, counter, now=now, monotonic=monotonic)
    for name, ask, goes_on in asked.all():
        begin = monotonic()
        found = await ask()
        elapsed = timedelta(seconds=monotonic() - begin)
        yield Check(name, found.mark, found.detail, found.remedy, elapsed)
        if found.mark is Mark.FAILED and not goes_on:
            return


Asked = tuple[str, Callable[[], Awaitable[Found]], bool]


class _Checks:
    def __init__(
        self,
        connection: Connection,
        outside: Outside,
        counter: CallCounter,
        *,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
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
        secure = "TLS" if self._url.scheme == "https" else "connection"
        sign_in = "token" if self._connection.auth is Auth.OAUTH else "login"
        marked_by = self._connection.settings.reply_rule.internal_column
        columns = f"{ACTIVITY_COLUMNS},{marked_by}" if marked_by else ACTIVITY_COLUMNS
        activities = f"/odata/Activity?$select={columns}&$top=1"
        activities += f"&$expand={CASE_OF_ACTIVITY},{AUTHOR}"
        contacts = "/odata/Contact?$select=Id,Name,Email,MobilePhone&$top=1"
        return [
            ("address", self._address, False),
            (secure, self._reached, False),
            (sign_in, self._signed_in, False),
            ("OData", self._odata, False),
            ("read cases", self._reads(f"/odata/Case?$select={CASE_COLUMNS}&$top=1"), True),
            ("read activities", self._reads(activities), True),
            ("read contacts", self._reads(contacts), True),
            ("statuses", self._statuses_found, True),
            ("case owner", self._exists("Contact", self._connection.settings.owner), True),
            ("case group", self._exists("SysAdminUnit", self._connection.settings.group), True),
            ("clock", self._clock, True),
            ("budget", self._budget, True),
        ]

    async def _address(self) -> Found:
        try:
            found = await self._outside.addresses(self._url)
        except NotReached as error:
            return _failed(str(error), error.remedy or _check_url())
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
            return _failed(str(error), error.remedy or _check_url())
        except TooLarge:
            return Found(Mark.OK, f"{self._url.host} answers")
        except NoAnswer as error:
            return _failed(str(error), _check_url())
        return Found(Mark.OK, f"{self._url.host} answers")

    async def _signed_in(self) -> Found:
        try:
            await self._line.sign_in(until=self._line.deadline())
        except Later as failure:
            return _failed(str(failure), failure.remedy)
        return Found(Mark.OK, f"given by {self._line.signer.place}")

    async def _odata(self) -> Found:
        try:
            prefix = await self._line.prefix(until=self._line.deadline())
        except (Later, Never):
            return _failed("no OData answers below this address", _check_url())
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
            return _failed(str(failure), failure.remedy if isinstance(failure, Later) else "")
        if reply.verdict.meaning is not Meaning.GOOD:
            return _failed(f"Creatio answered {reply.answer.status}", reply.verdict.remedy)
        return reply

    async def _statuses_found(self) -> Found:
        reply = await self._read(STATUSES)
        if isinstance(reply, Found):
            return reply
        try:
            found = [status(row) for row in rows(_STATUSES, reply.answer)]
        except Later as failure:
            return _failed(str(failure), _check_url())
        self._statuses = {one.id: one for one in found}
        settings = self._connection.settings
        chosen = {settings.resolved_status, settings.reopen_status, *settings.resolved_statuses}
        if chosen - {None} - self._statuses.keys():
            return _failed(
                "a chosen status does not exist in Creatio any more",
                f"Choose the statuses again under {CONNECTION_PAGE}.",
            )
        ending = [one for one in found if one.flagged]
        if not ending and not settings.resolved_statuses:
            return Found(
                Mark.WARN,
                f"{len(found)} statuses, none flagged as resolved or final",
                f"List the statuses that mean resolved under {CONNECTION_PAGE}.",
            )
        return Found(Mark.OK, f"{len(found)} statuses, {len(ending)} resolved or final")

    def _exists(self, collection: str, chosen: UUID | None) -> Callable[[], Awaitable[Found]]:
        async def ask() -> Found:
            if chosen is None:
                return Found(Mark.OK, "none chosen: Creatio's default")
            query = f"/odata/{collection}?$select=Id&$filter=Id%20eq%20{chosen}"
            reply = await self._read(query)
            if isinstance(reply, Found):
                return reply
            try:
                there = rows(_IDS, reply.answer)
            except Later as failure:
                return _failed(str(failure), _check_url())
            if not there:
                return _failed(
                    "the one that was chosen is not found in Creatio",
                    f"Choose another one under {CONNECTION_PAGE}.",
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
            return Found(Mark.OK, f"{used} calls today, no limit")
        detail = f"{used} of {limit} calls used today"
        if used < NEARLY_USED * limit:
            return Found(Mark.OK, detail)
        return Found(
            Mark.WARN,
            detail,
            "The sweep slows down and the rest is kept for replies. Set up the webhook, or a"
            f" larger plan under {CONNECTION_PAGE}.",
        )


def _failed(detail: str, remedy: str) -> Found:
    return Found(Mark.FAILED, detail, remedy or _TROUBLE_REMEDY)


def _check_url() -> str:
    return f"Check the instance URL under {CONNECTION_PAGE}."
