"""What every channel does with one message, and how it fails."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from caseway.channels.api import ApiChannel
from caseway.channels.widget import WidgetChannel
from caseway.domain.connection import ChannelAccount, ChannelSettings
from caseway.domain.delivery import RECEIPTS, Event, Kind
from caseway.domain.ids import (
    ChannelId,
    ConnectionId,
    ConversationId,
    DeliveryId,
    MessageId,
    OrganisationId,
)
from caseway.domain.secret import Secret
from caseway.outbound import Outside
from caseway.ports import Channel, Later, Never, Outgoing
from tests.creatio.far import CUT, Far, Got, Says, far, says
from tests.creatio.parts import LOOPBACK

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
WRITTEN_AT = datetime(2026, 11, 23, 9, 30, 0, 123_456, tzinfo=UTC)


def account(url: str, *, kind: str = "api", secret: str | None = SECRET) -> ChannelAccount:
    return ChannelAccount(
        OrganisationId(uuid4()),
        ChannelId(uuid4()),
        ConnectionId(uuid4()),
        kind,
        "Shop",
        ChannelSettings(callback_url=url),
        Secret(secret) if secret is not None else None,
        1,
    )


def outgoing(**changes: object) -> Outgoing:
    message = Outgoing(
        id=DeliveryId(uuid4()),
        conversation=ConversationId(uuid4()),
        message=MessageId(uuid4()),
        kind=Kind.MESSAGE,
        author="agent",
        author_name="Tom",
        text="The pads are on their way <3\nGrüsse 😀",
        written_at=WRITTEN_AT,
        address="customer-7",
        owed_at=datetime.now(UTC),
        possible_double=False,
    )
    return replace(message, **changes)  # type: ignore[arg-type] # the tests name real fields


@dataclass
class Ground:
    channel: Channel
    account: ChannelAccount
    customer: Callable[[], list[str]]  # the texts that have arrived


@asynccontextmanager
async def widget() -> AsyncIterator[Ground]:
    sent: list[str] = []  # the commit shows a message: nothing leaves by the channel
    yield Ground(WidgetChannel(), account("", kind="widget"), lambda: sent)


@asynccontextmanager
async def api() -> AsyncIterator[Ground]:
    async with far(lambda _: says(204)) as there, Outside(LOOPBACK) as outside:
        channel = ApiChannel(outside, now=lambda: datetime.now(UTC))
        yield Ground(channel, account(there.url + "/hook"), lambda: texts(there))


def texts(there: Far) -> list[str]:
    seen = {got.headers["webhook-id"]: got.json["data"].get("message", {}) for got in there.got}
    return [message.get("text", "") for message in seen.values()]


@pytest.fixture(params=[widget, api], ids=["widget", "api"])
async def ground(
    request: pytest.FixtureRequest,
) -> AsyncIterator[Ground]:
    opened: AbstractAsyncContextManager[Ground] = request.param()
    async with opened as made:
        yield made


async def test_a_message_that_is_handed_over_is_taken_or_there(ground: Ground) -> None:
    event = await ground.channel.send(ground.account, outgoing())
    assert event is Event.ACCEPTED or event in RECEIPTS
    assert ground.customer() in ([], ["The pads are on their way <3\nGrüsse 😀"])


async def test_a_repeat_with_the_same_id_is_told_apart_where_it_says_so(ground: Ground) -> None:
    message = outgoing()
    for _ in range(3):
        await ground.channel.send(ground.account, message)
    assert isinstance(ground.channel.recognises_repeats(ground.account), bool)
    assert len(ground.customer()) <= 1


async def test_its_kind_is_the_one_that_its_accounts_name(ground: Ground) -> None:
    assert ground.channel.kind == ground.account.kind


async def test_the_line_that_tells_of_the_closure_goes_the_same_way(ground: Ground) -> None:
    event = await ground.channel.send(ground.account, outgoing(kind=Kind.CLOSING, text=""))
    assert event is Event.ACCEPTED or event in RECEIPTS


@pytest.mark.parametrize("answer", [CUT, *(says(status) for status in range(300, 600, 11))])
async def test_a_far_side_in_trouble_is_later_or_never(answer: Says) -> None:
    def answers(_: Got) -> Says:
        return answer

    async with far(answers) as there, Outside(LOOPBACK) as outside:
        channel = ApiChannel(outside, now=lambda: datetime.now(UTC))
        with pytest.raises((Later, Never)) as failure:
            await channel.send(account(there.url), outgoing())
    assert SECRET not in repr(failure.value)
    assert json.dumps(str(failure.value))
