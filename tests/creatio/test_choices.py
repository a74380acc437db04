"""What a settings page lets people pick from."""

from caseway.creatio.ticketing import CreatioTicketing
from caseway.domain.stock import ORIGIN_CHAT, STATUS_RESOLVED
from caseway.outbound import Outside
from caseway.ports import Pick
from creatio_sandbox.testing import Plan, start
from tests.creatio.parts import LOOPBACK, Counted, connection, new_case


async def test_every_list_has_names_and_what_is_picked_can_be_used() -> None:
    with start(Plan()) as sandbox:
        known = connection(sandbox.url, login="sandbox", secret=sandbox.key)
        async with Outside(LOOPBACK) as outside:
            ticketing = CreatioTicketing(known, outside, Counted())
            found = {pick: await ticketing.choices(pick) for pick in Pick}
            case = new_case(owner=found[Pick.OWNER][0].id, group=found[Pick.GROUP][0].id)
            await ticketing.create_case(case)
        row = sandbox.row("Case", str(case.id))
    assert row is not None
    assert row["OwnerId"] == str(found[Pick.OWNER][0].id)
    assert row["GroupId"] == str(found[Pick.GROUP][0].id)
    assert STATUS_RESOLVED in {choice.id for choice in found[Pick.STATUS]}
    assert ORIGIN_CHAT in {choice.id for choice in found[Pick.ORIGIN]}
    for choices in found.values():
        names = [choice.name for choice in choices]
        assert names
        assert all(names)
        assert names == sorted(names)
