"""What arrives is counted by token and event type; what we sent ourselves is not."""

import json
from uuid import uuid4

from tests.web.conftest import House, eventually

FIGURES = (
    "SELECT event_type, calls, without_case, rejected, first_at <= last_at AS ordered"
    " FROM webhook_arrival WHERE organisation_id = $1 ORDER BY event_type"
)


def said(event_type: str, case: str | None = None) -> bytes:
    return json.dumps({"event_type": event_type, "caseId": case or str(uuid4())}).encode()


async def test_each_type_is_counted_with_its_first_and_last_arrival(house: House) -> None:
    for body in (
        said("new_activity"),
        said("NEW_ACTIVITY "),
        said("new_activity", "00000000-0000-0000-0000-000000000000"),
        said("case_closed"),
        said("case_closed", "[#Case.Id#]"),
        b"not JSON",
    ):
        await house.notify(body)

    async def written() -> bool:
        found = await house.owner.fetch(FIGURES, house.tenant.organisation)
        return [tuple(row) for row in found] == [
            ("", 1, 0, 1, True),
            ("case_closed", 2, 0, 1, True),
            ("new_activity", 3, 1, 0, True),
        ]

    await eventually(written)


async def test_our_own_test_is_kept_and_counts_for_nothing(house: House) -> None:
    status, answer = await house.notify(said("new_activity"), {"Caseway-Test": "1"})
    assert (status, answer["status"]) == (200, "ignored")
    assert "test event" in answer["reason"]
    await house.notify(said("case_closed"))

    async def written() -> bool:
        return bool(await house.owner.fetch(FIGURES, house.tenant.organisation))

    await eventually(written)
    found = await house.owner.fetch(FIGURES, house.tenant.organisation)
    assert [row["event_type"] for row in found] == ["case_closed"]
    first, second = await house.events()
    assert (first["found_by"], second["found_by"]) == ("test", "webhook")


async def test_our_own_test_is_no_use_of_the_url(house: House) -> None:
    await house.notify(said("new_activity"), {"Caseway-Test": "1"})
    used = "SELECT last_used_at FROM webhook_token WHERE organisation_id = $1"
    assert await house.owner.fetchval(used, house.tenant.organisation) is None
    await house.notify(said("new_activity"))
    assert await house.owner.fetchval(used, house.tenant.organisation) is not None
