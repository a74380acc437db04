"""Settings → Reply rule: tried on real activities, saved, and never guessing."""

import json
import re
from collections.abc import Sequence
from typing import Any

from caseway.domain.ids import CaseId
from caseway.domain.roles import Role
from caseway.domain.stock import EMAIL, TASK
from tests.web.conftest import House
from tests.web.dashboard.conftest import SignedIn

PAGE = "/settings/reply-rule"
VERSION = re.compile(r'name="version" value="(\d+)"')
RULE = {"type": [str(TASK), str(EMAIL)], "ready": "created", "marker": "#internal", "field": "auto"}


async def with_a_case(house: House) -> CaseId:
    made = await house.begin()
    await house.owner.execute("UPDATE conversation SET agreed = 'open', case_number = 'SR00000001'")
    return CaseId(await house.case_of(made["id"]))


async def kept_rule(house: House) -> dict[str, Any]:
    found = await house.owner.fetchval(
        "SELECT settings FROM connection WHERE id = $1", house.tenant.connection
    )
    settings: dict[str, Any] = json.loads(found)
    return settings.get("reply_rule", {})  # type: ignore[no-any-return]


def verdicts(page: str) -> list[str]:
    """Of each row: its verdict, and the former one where it changed."""
    rows = re.findall(r'<div class="cw-verdict">(.*?)</div>', page, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]*>", " ", row).split()) for row in rows]


async def test_each_activity_has_its_verdict_and_the_clause(
    house: House, signed_in: SignedIn
) -> None:
    case = await with_a_case(house)
    house.creatio.agent_replies(case, "The pads are here <b>")
    ours = house.creatio.agent_replies(case, "Customer · Hello")
    await house.owner.execute(
        "INSERT INTO link (organisation_id, connection_id, activity_id, message_id,"
        " conversation_id, ordinal, origin, linked_at) SELECT organisation_id, connection_id, $1,"
        " gen_random_uuid(), id, 1, 'ours', now() FROM conversation",
        ours,
    )
    client = await signed_in(Role.ADMIN)
    async with client.get(PAGE) as answer:
        page = await answer.text()
        assert answer.status == 200
    assert sorted(verdicts(page)) == [
        "Ours Written by Caseway, an echo",
        "Would be sent Text from Result",
    ]
    assert "The pads are here &lt;b&gt;" in page
    assert "What <bdi>Ines</bdi> would get" in page
    assert "SR00000001" in page
    assert "<bdi>Call</bdi>" in page  # a pick list read from Creatio


async def test_a_change_is_tried_before_it_is_saved(house: House, signed_in: SignedIn) -> None:
    case = await with_a_case(house)
    for number in range(3):
        house.creatio.agent_replies(case, f"Reply {number}")
    client = await signed_in(Role.ADMIN, email="anna@example.com")
    narrow = {**RULE, "type": [str(EMAIL)]}
    async with client.post(f"{PAGE}/preview", data=narrow) as answer:
        page = await answer.text()
        assert answer.status == 200
    assert "This change would hold back 3 of these 3." in page
    assert verdicts(page) == ["Not a reply Would be sent Type Task"] * 3
    assert await kept_rule(house) == {}
    calls = [call for call in house.creatio.calls if call == "preview"]
    assert len(calls) == 1

    chosen = house.creatio.agent_replies(case, "Reply 4")
    async with client.get(f"{PAGE}?again=&row={chosen}") as answer:
        assert "Reply 4" in await answer.text()
    async with client.post(PAGE, data=narrow) as answer:
        page = await answer.text()
        assert "Saved. It holds from now on" in page
    assert verdicts(page) == ["Not a reply Type Task"] * 4
    assert (await kept_rule(house))["types"] == [str(EMAIL)]
    async with client.post(PAGE, data=narrow) as answer:
        assert "the rule was so already" in await answer.text()
    async with client.post(f"{PAGE}/preview", data={"default": "1"}) as answer:
        assert "This change would send 4 of these 4 that the saved rule holds back" in (
            await answer.text()
        )
    entry = await house.owner.fetchrow("SELECT actor FROM audit_entry WHERE action LIKE 'conn%'")
    assert entry is not None
    assert entry["actor"] == "anna@example.com"


async def test_of_two_who_change_a_rule_at_once_the_later_one_is_told(
    house: House, signed_in: SignedIn
) -> None:
    client = await signed_in(Role.ADMIN)
    async with client.get(PAGE) as answer:
        [version] = VERSION.findall(await answer.text())
    first = {**RULE, "marker": "[internal]", "version": version}
    async with client.post(PAGE, data=first) as answer:
        assert "Saved. It holds from now on" in await answer.text()
    late = {**RULE, "type": [str(EMAIL)], "version": version}
    async with client.post(f"{PAGE}/preview", data=late) as answer:
        assert VERSION.findall(await answer.text()) == [version]
    async with client.post(PAGE, data={**late, "type": []}) as answer:
        assert answer.status == 422
        assert VERSION.findall(await answer.text()) == [version]
    async with client.post(PAGE, data=late) as answer:
        page = await answer.text()
    assert answer.status == 409
    assert "main was changed since you opened this page" in page
    assert "differs from yours in: reply rule internal marker, reply rule types." in page
    assert (await kept_rule(house))["internal_marker"] == "[internal]"
    assert re.findall(r'name="type" value="([^"]+)" checked', page) == [str(EMAIL)]
    async with client.post(PAGE, data={**late, "version": VERSION.findall(page)[0]}) as answer:
        assert "Saved. It holds from now on" in await answer.text()
    kept = await kept_rule(house)
    assert (kept["types"], kept["internal_marker"]) == ([str(EMAIL)], "#internal")


async def test_what_cannot_be_a_rule_is_said_at_its_field(
    house: House, signed_in: SignedIn
) -> None:
    await with_a_case(house)
    client = await signed_in(Role.OWNER)
    for change, said in (
        ({"type": []}, "Choose at least one type"),
        ({"category_id": "me"}, "me is no id of Creatio"),
        ({"column": "Usr Internal"}, "A column is named as OData calls it"),
        ({"marker": "x" * 101}, "at most 100 characters"),
    ):
        form = [(key, one) for key, value in {**RULE, **change}.items() for one in _many(value)]
        async with client.post(PAGE, data=form) as answer:
            text = await answer.text()
            assert (answer.status, said in text) == (422, True), said
        async with client.post(f"{PAGE}/preview", data=form) as answer:
            text = await answer.text()
            assert (answer.status, "cannot be saved like this" in text) == (200, True)
    assert await kept_rule(house) == {}


def _many(value: Sequence[str]) -> Sequence[str]:
    return [value] if isinstance(value, str) else value


async def test_creatio_down_shows_the_last_preview_and_takes_no_unseen_column(
    house: House, signed_in: SignedIn
) -> None:
    case = await with_a_case(house)
    house.creatio.agent_replies(case, "Before the outage")
    client = await signed_in(Role.ADMIN)
    async with client.get(PAGE) as answer:
        assert "Before the outage" in await answer.text()
    house.creatio.fate = lambda _kind: "down"
    async with client.get(f"{PAGE}?again") as answer:
        page = await answer.text()
    assert "Creatio does not answer" in page
    assert "This is the preview of" in page
    assert "Before the outage" in page
    form = [(key, one) for key, value in RULE.items() for one in _many(value)]
    async with client.post(PAGE, data=[*form, ("column", "UsrIsInternal")]) as answer:
        assert answer.status == 422
        assert "save it once Creatio answers" in await answer.text()
    async with client.post(PAGE, data=[*form, ("ready", "finished")]) as answer:
        assert answer.status == 200  # what needs no question is saved all the same
    house.creatio.fate = lambda _kind: "refused"
    async with client.post(PAGE, data=[*form, ("column", "UsrOther")]) as answer:
        assert "Creatio knows no column of activities named UsrOther" in await answer.text()
    house.creatio.fate = lambda _kind: "ok"
    async with client.post(PAGE, data=[*form, ("column", "UsrIsInternal")]) as answer:
        assert "Saved" in await answer.text()
    assert (await kept_rule(house))["internal_column"] == "UsrIsInternal"


async def test_another_organisations_connection_is_none(house: House, signed_in: SignedIn) -> None:
    client = await signed_in(Role.OWNER)
    async with client.get(f"{PAGE}?connection={house.other.connection}") as answer:
        assert answer.status == 404
    form = {"connection": str(house.other.connection), **RULE}
    for path in (PAGE, f"{PAGE}/preview"):
        async with client.post(path, data=form) as answer:
            assert answer.status == 404
