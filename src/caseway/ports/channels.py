"""The door to one kind of channel."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from caseway.domain.connection import ChannelAccount
from caseway.domain.delivery import Event, Kind
from caseway.domain.ids import (
    ConversationId,
    DeliveryId,
    MessageId,
)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One delivery as a channel sees it."""

    id: DeliveryId  # the same on every attempt
    conversation: ConversationId
    message: MessageId
    kind: Kind
    author: str
    author_name: str
    text: str
    written_at: datetime
    address: str  # where the customer wrote from: frozen
    owed_at: datetime  # since when we owe it, UTC
    possible_double: bool  # only where the channel does not recognise repeats


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a test: `reason` is empty where it was taken."""

    status: int | None  # of the far side's answer; None: there was none
    reason: str
    remedy: str
    elapsed: timedelta


class Callbacks(Protocol):
    """What people ask of a callback before replies depend on it."""

    async def admit(self, url: str) -> None:
        """Raises `Refused`, with the remedy, for an address that we would never call."""

    async def send_test(self, account: ChannelAccount) -> Tried:
        """Call it once, signed as a reply is; nothing is kept of it."""


class Channel(Protocol):
    """One kind of channel. It knows its wire and nothing of conversations or cases."""

    @property
    def kind(self) -> str: ...

    def recognises_repeats(self, account: ChannelAccount) -> bool:
        """Whether a second `send` with the same id is dropped over there."""

    async def send(self, account: ChannelAccount, outgoing: Outgoing) -> Event:
        """Hand one message over: `ACCEPTED` (taken) or `CONFIRMED` (the far side has it).

        May not write to our store, may not repeat by itself.
        """
