"""Settings → Channels: added, changed, tested, paused and removed by their pages."""

import asyncio
import html
import json
import re
from typing import Any
from uuid import uuid4

import aiohttp
from standardwebhooks import Webhook

from caseway.domain.roles import Role
from tests.creatio.far import far, says
from tests.web.conftest import House, eventually
from tests.web.dashboard.conftest import SignedIn

CHANNELS = "/settings/channels"


async def read(client: aiohttp.ClientSession, path: str) -> str:
    async with client.get(path) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.text()


async def settings_of(house: House, name: str) -> dict[str, Any]:
    found = await house.owner.fetchval(
        "SELECT settings FROM channel WHERE organisation_id = $1 AND name = $2",
        house.tenant.organisation,
        name,
    )
    told: dict[str, Any] = json.loads(found)
    return told


async def owe(house: House, conversation: str, reason: str) -> None:
    """A reply that was tried and not taken."""
    message = uuid4()
    await house.owner.execute(
        "INSERT INTO message (organisation_id, id, conversation_id, channel_id, peer, author, text,"
        " position, written_at) SELECT organisation_id, $1, id, channel_id, peer, 'agent', 'Yes',"
        " 9, now() FROM conversation WHERE id = $2",
        message,
        conversation,
    )
    await house.owner.execute(
        "INSERT INTO delivery (organisation_id, id, conversation_id, channel_id, message_id,"
        " address, state, order_on, order_id, not_before, attempts, reason)"
        " SELECT organisation_id, $1, id, channel_id, $1, address, 'owed', now(), $1,"
        " now() + interval '5 minutes', 3, $3 FROM conversation WHERE id = $2",
        message,
        conversation,
        reason,
    )


async def test_a_widget_is_added_and_its_snippet_stands_there(
    house: House, signed_in: SignedIn
) -> None:
    client = await signed_in(Role.ADMIN)
    form = {
        "name": "Site",
        "origins": "https://WWW.example.com/a/page?x=1\nhttp://localhost:8000",
        "greeting": 'Say "hi"',
    }
    async with client.post(f"{CHANNELS}/new/widget", data=form) as answer:
        page = await answer.text()
        assert answer.status == 200
        channel = str(answer.url).partition("?")[0].rpartition("/")[2]
    script = f'<script src="http://127.0.0.1/widget.js" data-channel="{channel}"></script>'
    assert script in html.unescape(page)
    assert (await settings_of(house, "Site"))["origins"] == [
        "https://www.example.com",
        "http://localhost:8000",
    ]
    assert "Waiting for the first message" in page
    tried = await read(client, f"{CHANNELS}/{channel}/try")
    assert f'<script src="/widget.js" data-channel="{channel}"' in tried
    assert "Nothing came through yet" in await read(client, CHANNELS)

    async with client.post(f"{CHANNELS}/{channel}", data={"origins": "example.com"}) as answer:
        assert answer.status == 422
        assert "example.com is no site" in await answer.text()
    async with client.post(
        f"{CHANNELS}/{channel}", data={"origins": "https://a.example"}
    ) as answer:
        assert "without a restart" in await answer.text()
    assert (await settings_of(house, "Site"))["origins"] == ["https://a.example"]

    async with client.post(f"{CHANNELS}/{channel}/secret") as answer:
        text = await answer.text()
    assert len(set(re.findall(r"whsec_[\w+/=]+", text))) == 1
    assert (await settings_of(house, "Site"))["identity_secret_set"] is True
    assert "whsec_" not in await read(client, f"{CHANNELS}/{channel}")


async def test_an_api_channel_is_added_tested_and_its_secret_replaced(
    house: House, signed_in: SignedIn
) -> None:
    client = await signed_in(Role.OWNER)
    async with far(lambda _: says(204)) as there:
        form = {"name": "Shop", "callback_url": there.url + "/hook", "remembers": "yes"}
        async with client.post(f"{CHANNELS}/new/api", data=form) as answer:
            text = await answer.text()
        [first] = set(re.findall(r"whsec_[\w+/=]+", text))
        [channel] = set(re.findall(rf"{CHANNELS}/([\w-]{{36}})/test", text))
        path = f"{CHANNELS}/{channel}"
        async with client.post(f"{path}/test") as answer:
            assert "Your receiver answered 204" in await answer.text()
        async with client.post(f"{path}/secret", data={"old": "grace"}) as answer:
            text = await answer.text()
        assert "The old one holds as well" in text
        # Pressed twice, or the page that shows it was loaded again.
        async with client.post(f"{path}/secret", data={"old": "grace"}) as answer:
            text = await answer.text()
        [second] = set(re.findall(r"whsec_[\w+/=]+", text)) - {first}
        assert "The old ones hold as well" in text
        async with client.post(f"{path}/test") as answer:
            assert answer.status == 200
        for secret in (first, second):
            assert Webhook(secret).verify(there.got[1].body, dict(there.got[1].headers))
        async with client.post(f"{path}/secret/end") as answer:
            assert not re.search("The old ones? holds? as well", await answer.text())
    async with client.post(f"{path}/test") as answer:
        text = await answer.text()
    assert "No connection to 127.0.0.1" in text
    assert "Check the callback URL under Settings → Channels → Shop" in text
    async with client.post(f"{CHANNELS}/new/api", data={"name": "Shop"}) as answer:
        assert answer.status == 422
        assert "There is a channel Shop already" in await answer.text()
    assert (await settings_of(house, "Shop"))["callback_url"]


async def test_a_private_callback_is_refused_with_the_remedy(
    house: House, signed_in: SignedIn
) -> None:
    client = await signed_in(Role.ADMIN)
    path = f"{CHANNELS}/{house.tenant.api}"
    for url, said in (
        ("https://10.1.2.3/hook", "CASEWAY_ALLOWED_NETWORKS"),
        ("shop.example.com", "A callback address begins with https://"),
    ):
        async with client.post(path, data={"callback_url": url}) as answer:
            text = await answer.text()
            assert (answer.status, said in text) == (422, True)
            assert f'value="{url}"' in text
    assert await settings_of(house, "api") == {}


async def test_what_a_callback_refuses_stands_on_its_page_with_the_remedy(
    house: House, signed_in: SignedIn
) -> None:
    client = await signed_in(Role.ADMIN)
    made = await house.begin()
    reason = (
        "the callback answered 410. Enter the new callback URL under Settings → Channels → api."
    )
    await owe(house, made["id"], reason)
    path = f"{CHANNELS}/{house.tenant.api}"
    page = await read(client, path)
    assert "1 reply does not reach the customer" in page
    assert "The callback answered 410. Enter the new callback URL" in page
    assert f'href="/inbox/{made["id"]}"' in page
    overview = await read(client, CHANNELS)
    assert "Retrying" in overview
    assert "Pause api?" in page
    assert "1 owed reply waits until you resume" in page
    assert "1 open conversation" in page

    async with client.post(f"{path}/pause") as answer:
        assert "Paused by The admin" in await answer.text()
    await house.owner.execute("UPDATE conversation SET due_at = now() + interval '1 hour'")
    jobs = await house.owner.fetchval("SELECT count(*) FROM queue.pgqueuer")
    async with client.post(f"{path}/resume") as answer:
        assert "What waited is being tried now" in await answer.text()
    row = await house.owner.fetchrow(
        "SELECT d.not_before <= now() AS due, c.due_at <= now() AS marked FROM delivery d"
        " JOIN conversation c ON c.id = d.conversation_id"
    )
    assert row is not None
    assert tuple(row) == (True, True)
    assert await house.owner.fetchval("SELECT count(*) FROM queue.pgqueuer") == jobs + 1
    async with client.post(f"{path}/remove") as answer:
        assert "The channel is removed" in await answer.text()
    async with client.get(path) as answer:
        assert answer.status == 404


def version_in(page: str) -> str:
    [version] = re.findall(r'name="version" value="(\d+)"', page)
    return str(version)


async def test_of_two_who_change_a_channel_at_once_the_later_one_is_told(
    house: House, signed_in: SignedIn
) -> None:
    client = await signed_in(Role.ADMIN)
    widget, api = (f"{CHANNELS}/{one}" for one in (house.tenant.widget, house.tenant.api))
    opened = {
        "origins": "https://shop.example",
        "version": version_in(await read(client, widget)),
    }
    async with client.post(widget, data={**opened, "greeting": "Hello"}) as answer:
        assert answer.status == 200
    # What is wrong in it is said first, and makes it no younger.
    async with client.post(widget, data={**opened, "greeting": "x" * 501}) as answer:
        assert answer.status == 422
        assert version_in(await answer.text()) == opened["version"]
    async with client.post(widget, data={**opened, "greeting": "Good day"}) as answer:
        page = html.unescape(await answer.text())
    assert answer.status == 409
    assert "widget was changed since you opened this page" in page
    assert "differs from yours in: greeting." in page
    assert "Good day" in page
    assert (await settings_of(house, "widget"))["greeting"] == "Hello"
    # Whoever saves again knows what it replaces.
    again = {**opened, "greeting": "Good day", "version": version_in(page)}
    async with client.post(widget, data=again) as answer:
        assert "without a restart" in await answer.text()
    assert (await settings_of(house, "widget"))["greeting"] == "Good day"

    late = {"remembers": "yes", "version": version_in(await read(client, api))}
    async with client.post(api, data={"starts_as_ai": "yes"}) as answer:
        assert answer.status == 200
    async with client.post(api, data=late) as answer:
        assert answer.status == 409
        assert "differs from yours in: recognises repeats, starts as ai." in await answer.text()
    assert (await settings_of(house, "api"))["starts_as_ai"] is True
    # Both want the same: there is nothing to tell.
    async with client.post(api, data={"starts_as_ai": "yes", "version": "1"}) as answer:
        assert answer.status == 200


async def test_a_pause_takes_back_no_change_that_is_being_written(
    house: House, signed_in: SignedIn
) -> None:
    client = await signed_in(Role.ADMIN)
    async with house.owner.acquire() as link, asyncio.TaskGroup() as tasks, link.transaction():
        await link.execute(
            """UPDATE channel SET settings = settings || '{"greeting": "Hello"}',"""
            " version = version + 1 WHERE id = $1",
            house.tenant.widget,
        )
        pausing = tasks.create_task(read_by_post(client, f"{CHANNELS}/{house.tenant.widget}"))
        await eventually(lambda: somebody_waits(house))
    assert "Paused by The admin" in pausing.result()
    settings = await settings_of(house, "widget")
    assert (settings["greeting"], settings["paused_by"]) == ("Hello", "The admin")


async def read_by_post(client: aiohttp.ClientSession, channel: str) -> str:
    async with client.post(f"{channel}/pause") as answer:
        return await answer.text()


async def somebody_waits(house: House) -> bool:
    """For a row that another transaction holds, in this database."""
    found: bool = await house.owner.fetchval(
        "SELECT EXISTS (SELECT 1 FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock')"
    )
    return found


async def test_another_organisations_channel_is_none(house: House, signed_in: SignedIn) -> None:
    client = await signed_in(Role.OWNER)
    theirs = f"{CHANNELS}/{house.other.api}"
    for method, path in (
        ("GET", theirs),
        ("POST", theirs),
        ("POST", f"{theirs}/remove"),
        ("POST", f"{theirs}/secret"),
        ("POST", f"{theirs}/pause"),
        ("GET", f"{CHANNELS}/{house.other.widget}/try"),
    ):
        async with client.request(method, path) as answer:
            assert answer.status == 404, (method, path)
    assert "widget" in await read(client, CHANNELS)
