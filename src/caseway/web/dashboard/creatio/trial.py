"""Test & save: the checks of what is typed, one after the other, and what follows from them."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from caseway.domain.connection import Connection
from caseway.domain.ids import NOBODY
from caseway.ports import Check, Evidence, LastTest, Mark, SettingUp
from caseway.web.dashboard.creatio.form import Typed
from caseway.web.dashboard.doors import Visitor
from caseway.web.parts import Parts

TITLES: Final = {
    "address": "Address",
    "connection": "Connection, without TLS",
    "TLS": "TLS",
    "token": "Token",
    "login": "Sign-in",
    "OData": "OData",
    "read cases": "Read cases",
    "read activities": "Read activities",
    "read contacts": "Read contacts",
    "create": "Create cases, activities, contacts",
    "change": "Change cases",
    "statuses": "Statuses",
    "case owner": "Default owner",
    "case group": "Default group",
    "case origins": "Case origins",
    "priorities": "Priorities",
    "clock": "Clocks",
    "budget": "Calls today",
    "rate limits": "Rate limits",
    "webhook": "Webhook",
    "sweep": "Sweep",
    "processes": "Business processes",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """`saved` is the connection's name; empty: nothing was saved."""

    checks: Sequence[Check]
    saved: str = ""
    works: bool = False

    @property
    def failed(self) -> Sequence[Check]:
        return failures(self.checks)


def failures(checks: Sequence[Check]) -> list[Check]:
    return [check for check in checks if check.mark is Mark.FAILED]


class Trials:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @property
    def _creatio(self) -> SettingUp:
        return self._parts.creatio

    def names(self, connection: Connection) -> Sequence[str]:
        return self._creatio.inspection.names(connection)

    async def checks(
        self, connection: Connection, *, only: str = "", changed: bool = False
    ) -> AsyncIterator[Check]:
        """As they end. What our own rows say belongs to a saved connection alone; `changed`: what
        troubled the saved one is no word about this one.
        """
        saved = connection.id != NOBODY
        evidence = await self._creatio.setup.evidence(connection.key) if saved else Evidence()
        if changed:
            asking = replace(evidence.asking, trouble="")
            evidence = replace(evidence, throttled=False, asking=asking)
        async for check in self._creatio.inspection.checks(connection, evidence, only=only):
            yield check

    async def settle(
        self, visitor: Visitor, typed: Typed, checks: Sequence[Check], *, anyway: bool
    ) -> Outcome:
        """Saves what passed, or anyway. May raise `Later` or `Refused`."""
        failed = failures(checks)
        if typed.wanted is None or (failed and not anyway):
            if typed.changes_nothing(visitor.organisation) and typed.before is not None:
                await self._keep(visitor, typed.before, checks)
            return Outcome(checks)
        trouble = "; ".join(f"{check.name}: {check.detail}" for check in failed)
        saved, _ = await self._creatio.connections.put(
            visitor.organisation, typed.wanted, actor=visitor.actor, trouble=trouble
        )
        await self._creatio.tokens.ensure(saved.key, actor=visitor.actor)
        await self._keep(visitor, saved, checks)
        if not failed:
            await self._creatio.setup.hurry(saved.key)
        return Outcome(checks, saved.name, works=not failed)

    async def again(self, visitor: Visitor, typed: Typed, check: Check) -> None:
        """One check was asked again: it takes its place in the last test of what is saved."""
        before = typed.before
        if before is None or not typed.changes_nothing(visitor.organisation):
            return
        last = await self._creatio.setup.last_test(before.key)
        if last is not None:
            checks = [check if one.name == check.name else one for one in last.checks]
            await self._keep(visitor, before, checks)

    async def _keep(
        self, visitor: Visitor, connection: Connection, checks: Sequence[Check]
    ) -> None:
        test = LastTest(self._parts.now(), visitor.name or visitor.email, checks)
        await self._creatio.setup.keep_test(connection.key, test)
