"""The callback: what a receiver gets, how it knows that it is ours, and what its answers mean."""

import base64
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from caseway.channels.api import ApiChannel
from caseway.domain.connection import ChannelAccount, ChannelSettings, FormerSecret
from caseway.domain.delivery import Event, Kind
from caseway.domain.secret import Secret
from caseway.outbound import Outside
from caseway.ports import Later, Outgoing, Refused
from tests.contract.test_channel import SECRET, account, outgoing
from tests.creatio.far import CUT, LOGIN_PAGE, Far, Got, Says, far, says
from tests.creatio.parts import LOOPBACK


async def sent(
    answer: Says,
    message: Outgoing | None = None,
    *,
    change: Callable[[ChannelAccount], ChannelAccount] = lambda known: known,
) -> tuple[Event | Later, Far]:
    async with far(lambda _: answer) as there, Outside(LOOPBACK) as outside:
        channel = ApiChannel(outside, now=lambda: datetime.now(UTC))
        known = change(account(there.url + "/hook"))
        try:
            return await channel.send(known, message or outgoing()), there
        except Later as failure:
            return failure, there


async def test_a_receiver_can_verify_it_with_the_standards_own_library() -> None:
    message = outgoing()
    event, there = await sent(says(200, "{}"), message)
    assert event is Event.CONFIRMED
    got: Got = there.got[0]
    assert Webhook(SECRET).verify(got.body, dict(got.headers)) == got.json
    assert got.headers["webhook-id"] == str(message.id)
    assert got.headers["content-type"] == "application/json"
    assert got.json == {
        "type": "message.created",
        "data": {
            "conversation_id": str(message.conversation),
            "message": {
                "id": str(message.message),
                "author": "agent",
                "author_name": "Tom",
                "text": message.text,
                "created_at": "2026-11-23T09:30:00.123456Z",
            },
        },
    }


async def test_a_possible_double_says_so() -> None:
    _, there = await sent(says(200), outgoing(possible_double=True))
    assert there.got[0].json["data"]["possible_double"] is True


async def test_the_closure_is_an_event_of_its_own() -> None:
    message = outgoing(kind=Kind.CLOSING, text="")
    _, there = await sent(says(200), message)
    assert there.got[0].json == {
        "type": "conversation.resolved",
        "data": {"conversation_id": str(message.conversation)},
    }
    _, there = await sent(says(200), outgoing(kind=Kind.CLOSING, text="Goodbye"))
    assert there.got[0].json["data"]["message"]["text"] == "Goodbye"


@pytest.mark.parametrize(
    ("answer", "maybe_taken"),
    [
        (says(400), False),
        (says(401), False),
        (says(404), False),
        (says(410), False),
        (says(429), False),
        (says(302, extra=(("Location", "http://169.254.169.254/"),)), True),
        (says(408), True),
        (says(500), True),
        (says(503), True),
        (CUT, True),
        (says(200, "x" * 100_000), True),
    ],
)
async def test_all_but_a_2xx_is_tried_again(answer: Says, maybe_taken: bool) -> None:
    failure, there = await sent(answer)
    assert isinstance(failure, Later)
    assert failure.maybe_taken == maybe_taken
    assert len(there.got) == 1


@pytest.mark.parametrize("answer", [says(200), says(202, "accepted"), says(204), LOGIN_PAGE])
async def test_any_2xx_is_an_acknowledgement(answer: Says) -> None:
    assert (await sent(answer))[0] is Event.CONFIRMED


async def test_a_receiver_may_ask_for_time() -> None:
    failure, _ = await sent(says(429, extra=(("Retry-After", "120"),)))
    assert isinstance(failure, Later)
    assert failure.retry_after == timedelta(minutes=2)


def with_url(url: str) -> Callable[[ChannelAccount], ChannelAccount]:
    return lambda known: replace(known, settings=ChannelSettings(callback_url=url))


async def test_without_a_callback_the_reply_waits_to_be_fetched() -> None:
    event, there = await sent(says(200), change=with_url(""))
    assert event is Event.ACCEPTED
    assert not there.got


@pytest.mark.parametrize(
    "change",
    [
        with_url("not a url"),
        with_url("ftp://a.example/"),
        with_url("https://[bad/"),
        with_url("http://10.1.2.3/hook"),
        with_url("https://169.254.169.254/latest"),
        with_url("http://127.0.0.1:1/"),
        lambda known: replace(known, secret=None),
        lambda known: replace(known, secret=Secret("whsec_")),
        lambda known: replace(known, secret=Secret("whsec_%%%")),
    ],
)
async def test_what_a_person_must_mend_waits_with_the_remedy(
    change: Callable[[ChannelAccount], ChannelAccount],
) -> None:
    failure, there = await sent(says(200), change=change)
    assert isinstance(failure, Later)
    assert failure.remedy
    assert not failure.maybe_taken
    assert not there.got
    assert "whsec" not in str(failure)


async def test_while_a_replaced_secret_holds_both_are_right() -> None:
    new = "whsec_" + base64.b64encode(b"n" * 32).decode()
    soon, past = datetime.now(UTC) + timedelta(hours=1), datetime.now(UTC) - timedelta(hours=1)

    def rotated(until: datetime) -> Callable[[ChannelAccount], ChannelAccount]:
        former = FormerSecret(Secret(SECRET), until)
        return lambda known: replace(known, secret=Secret(new), former=(former,))

    _, there = await sent(says(200), change=rotated(soon))
    for secret in (SECRET, new):
        assert Webhook(secret).verify(there.got[0].body, dict(there.got[0].headers))
    _, there = await sent(says(200), change=rotated(past))
    assert Webhook(new).verify(there.got[0].body, dict(there.got[0].headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(there.got[0].body, dict(there.got[0].headers))


async def test_a_receiver_that_says_nothing_or_too_much_is_told_what_to_do() -> None:
    for answer, remedy in ((CUT, "work afterwards"), (says(200, "x" * 70_000), "few words")):
        failure, _ = await sent(answer)
        assert isinstance(failure, Later)
        assert remedy in failure.remedy


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        (204, ""),
        (302, "enter the last address under Settings → Channels → Shop"),
        (401, "give it the channel's signing secret"),
        (403, "an authorisation of its own"),
        (404, "Nothing answers at this address"),
        (410, "gone for good"),
        (418, "It must answer 2xx"),
        (429, "after its Retry-After"),
        (500, "look into its log"),
    ],
)
async def test_a_test_tells_the_status_and_what_to_do(status: int, remedy: str) -> None:
    async with far(lambda _: says(status)) as there, Outside(LOOPBACK) as outside:
        channel = ApiChannel(outside, now=lambda: datetime.now(UTC))
        tried = await channel.send_test(account(there.url + "/hook"))
        nobody = await channel.send_test(account("http://127.0.0.1:1/hook"))
    assert tried.status == status
    assert tried.reason == (f"the callback answered {status}" if remedy else "")
    assert remedy in tried.remedy
    assert Webhook(SECRET).verify(there.got[0].body, dict(there.got[0].headers)) == {
        "type": "test",
        "data": {"channel": "Shop"},
    }
    assert (nobody.status, nobody.reason) == (None, "no connection to 127.0.0.1")
    assert "Settings → Channels → Shop" in nobody.remedy


async def test_an_address_that_is_never_called_is_refused_beforehand() -> None:
    async with Outside(LOOPBACK) as outside:
        channel = ApiChannel(outside, now=lambda: datetime.now(UTC))
        for url in ("http://127.0.0.1:1/hook", "https://nobody.invalid/hook"):
            await channel.admit(url)
        for url, word in (
            ("shop", "begins with https://"),
            ("ftp://a.example/", "begins with https://"),
            ("https://10.0.0.5/", "CASEWAY_ALLOWED_NETWORKS"),
            ("http://93.184.216.34/", "plain http"),
            ("https://169.254.169.254/", "link-local"),
        ):
            with pytest.raises(Refused, match=word):
                await channel.admit(url)
