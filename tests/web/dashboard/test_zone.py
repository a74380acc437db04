"""Every page tells the time of the organisation: that of its oldest connection."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from caseway.domain.roles import Role
from tests.events import keep
from tests.web.conftest import House
from tests.web.dashboard.conftest import SignedIn
from tests.web.dashboard.test_conversations import page, words_of

KATHMANDU = ZoneInfo("Asia/Kathmandu")  # UTC+5:45, at all seasons


async def choose(house: House, name: str) -> None:
    await house.owner.execute(
        "UPDATE connection SET settings = settings || jsonb_build_object('time_zone', $1::text)"
        " WHERE organisation_id = $2 AND id = $3",
        name,
        house.tenant.organisation,
        house.tenant.connection,
    )


async def test_pages_tell_the_organisations_time_at_once_after_it_was_chosen(
    house: House, signed_in: SignedIn
) -> None:
    at = datetime.now(tz=UTC) - timedelta(days=3)
    ours = house.tenant
    event = await keep(house.owner, ours.organisation, ours.connection, at=at)
    made = await house.begin()
    client = await signed_in(Role.OWNER)
    there = at.astimezone(KATHMANDU)
    utc, nepal = f"{at:%H:%M:%S}", f"{there:%H:%M:%S}"
    before = await page(client, "/events")
    assert ("At, UTC" in before, utc in before, nepal in before) == (True, True, False)

    await choose(house, "Asia/Kathmandu")
    async with client.get(f"/events?show={event}") as answer:
        html = await answer.text()
    assert "At, UTC+5:45" in words_of(html)
    this_year = datetime.now(tz=KATHMANDU).year
    year = "" if there.year == this_year else f" {there.year}"
    assert f"{there.day} {there:%b}{year}, {nepal}" in words_of(html)
    assert f'<time datetime="{at:%Y-%m-%dT%H:%M:%S}.' in html, "machines are told UTC"
    assert f".{at:%f}"[:4] + f'Z" title="{there.day} {there:%b %Y}, {nepal} UTC+5:45"' in html
    for path in ("/settings/audit", f"/inbox/{made['id']}"):
        assert "UTC+5:45" in await page(client, path), path
    export = await page(client, "/events/export.csv")
    assert f"{at:%Y-%m-%dT%H:%M:%S}." in export, "exports stay in UTC"

    minute = timedelta(minutes=1)
    around = f"since={there - minute:%Y-%m-%dT%H:%M}&until={there + minute:%Y-%m-%dT%H:%M}"
    shown = await page(client, f"/events?{around}")
    begin = there - minute
    assert f"From {begin.day} {begin:%b %Y}, {begin:%H:%M} UTC+5:45" in shown
    assert nepal in shown, "a time without a zone is one of the organisation's"
    around = f"since={at - minute:%Y-%m-%dT%H:%M}&until={at + minute:%Y-%m-%dT%H:%M}"
    assert "No event matches" in await page(client, f"/events?{around}")


async def test_the_oldest_connection_says_the_zone_and_none_means_utc(
    house: House, signed_in: SignedIn
) -> None:
    client = await signed_in(Role.OWNER)
    await choose(house, "Asia/Tokyo")
    await house.owner.execute(
        "INSERT INTO connection (organisation_id, id, name, base_url, auth, login, secret, settings,"
        " created_at) VALUES ($1, $2, 'earlier', 'http://127.0.0.1:1', 'oauth', 'x', '',"
        " '{\"time_zone\": \"Asia/Dubai\"}', now() - interval '1 year')",
        house.tenant.organisation,
        uuid4(),
    )
    assert "At, UTC+4" in await page(client, "/settings/audit")
    await house.owner.execute("UPDATE connection SET removed_at = now() WHERE name = 'earlier'")
    assert "At, JST" in await page(client, "/settings/audit")
    await house.owner.execute("UPDATE connection SET removed_at = now()")
    assert "At, UTC" in await page(client, "/settings/audit")
    theirs = await signed_in(Role.OWNER, tenant=house.other)
    assert "At, UTC" in await page(theirs, "/settings/audit")
