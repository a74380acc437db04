"""What the pages that set Creatio up read and note: `ports.Setup`, under either role."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg
import msgspec

from caseway.domain.connection import ConnectionSettings
from caseway.domain.ids import ConnectionKey, OrganisationId
from caseway.domain.reply_rule import ReplyRule
from caseway.domain.sweeping import ACTIVITY, CASE, OVERLAP
from caseway.ports import (
    Arrived,
    Asking,
    Check,
    Evidence,
    Findings,
    LastTest,
    Progress,
    RefusedCalls,
    Swept,
)
from caseway.store.audit import from_json, to_json
from caseway.store.queries import load
from caseway.store.transactions import transaction

SQL: Final = load("setup")
ARRIVALS: Final = load("arrivals")
SWEEPS: Final = load("sweeps")
CHECKS: Final = msgspec.json.Decoder(list[Check])
A_WEEK: Final = timedelta(days=7)
A_DAY: Final = timedelta(days=1)


class PostgresSetup:
    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def evidence(self, key: ConnectionKey) -> Evidence:
        where = _where(key)
        now = datetime.now(tz=UTC)
        async with transaction(self._pool, key.organisation) as link:
            made = await SQL["made"].fetchrow(link, **where)
            refused = await SQL["refused"].fetchval(link, **where, since=now - A_WEEK)
            arrived = await ARRIVALS["of_connection"].fetch(link, **where)
            wrong = await ARRIVALS["refused"].fetch(link, **where)
            swept = await ARRIVALS["found_by_sweep"].fetch(link, **where, since=now - A_DAY)
            asking = await ARRIVALS["asking"].fetchrow(link, **where)
        assert made is not None  # noqa: S101 - a row of EXISTS alone
        assert asking is not None  # noqa: S101 - a sum of no rows is a row
        entities = {"Case": "cases", "Activity": "activities", "Contact": "contacts"}
        return Evidence(
            made=frozenset(entity for entity, column in entities.items() if made[column]),
            refused=refused,
            arrived=[
                Arrived(
                    token_name=row["token_name"],
                    type=row["event_type"],
                    first_at=row["first_at"],
                    last_at=row["last_at"],
                    calls=row["calls"],
                    without_case=row["without_case"],
                    rejected=row["rejected"],
                )
                for row in arrived
            ],
            refused_calls=[
                RefusedCalls(row["public_name"], row["source"], row["calls"], row["known"])
                for row in wrong
            ],
            healed=sum(row["healed"] for row in swept),
            throttled=made["throttled"],
            asking=Asking(
                asking["at"], (asking["overlap"] or OVERLAP) - OVERLAP, asking["trouble"]
            ),
        )

    async def swept(self, key: ConnectionKey) -> Sequence[Swept]:
        async with transaction(self._pool, key.organisation) as link:
            found = await ARRIVALS["swept"].fetch(link, **_where(key))
        return [Swept(row["entity"], row["swept_at"], row["trouble"] or "") for row in found]

    async def findings(self, key: ConnectionKey) -> Sequence[Findings]:
        since = datetime.now(tz=UTC) - A_DAY
        async with transaction(self._pool, key.organisation) as link:
            found = await ARRIVALS["found_by_sweep"].fetch(link, **_where(key), since=since)
        return [Findings(row["event_type"], row["findings"], row["healed"]) for row in found]

    async def last_test(self, key: ConnectionKey) -> LastTest | None:
        async with transaction(self._pool, key.organisation) as link:
            row = await SQL["last_test"].fetchrow(link, **_where(key))
        if row is None:
            return None
        return LastTest(row["tested_at"], row["tested_by"], CHECKS.decode(row["checks"]))

    async def keep_test(self, key: ConnectionKey, test: LastTest) -> None:
        async with transaction(self._pool, key.organisation) as link:
            await SQL["keep_test"].execute(
                link,
                **_where(key),
                tested_at=test.at,
                tested_by=test.by,
                checks=to_json(list(test.checks)),
            )

    async def hurry(self, key: ConnectionKey) -> None:
        async with transaction(self._pool, key.organisation) as link:
            await SWEEPS["hurry"].execute(link, **_where(key), entities=[ACTIVITY, CASE])

    async def progress(self, organisation: OrganisationId) -> Progress:
        async with transaction(self._pool, organisation) as link:
            row = await SQL["progress"].fetchrow(link, organisation=organisation)
            rules = await SQL["rules"].fetch(link, organisation=organisation)
        assert row is not None  # noqa: S101 - a row of EXISTS alone
        chosen = any(
            from_json(rule["settings"], ConnectionSettings).reply_rule != ReplyRule()
            for rule in rules
        )
        return Progress(
            connected=row["connected"],
            called=row["called"],
            judged=chosen or row["replied"],
            opened=row["opened"],
            went_round=row["went_round"],
            put_away=row["put_away"],
        )

    async def put_away(self, organisation: OrganisationId, *, by: str) -> None:
        async with transaction(self._pool, organisation) as link:
            await SQL["put_away"].execute(link, organisation=organisation, by=by)


def _where(key: ConnectionKey) -> dict[str, object]:
    return {"organisation": key.organisation, "connection": key.connection}
