"""Counts what a channel does, on its way."""

import time

from caseway.domain.connection import ChannelAccount
from caseway.domain.delivery import Event
from caseway.ports import Channel, Later, Never, Outgoing
from caseway.telemetry import Metrics


class MeteredChannel:
    def __init__(self, channel: Channel, metrics: Metrics) -> None:
        self._channel = channel
        self._metrics = metrics

    @property
    def kind(self) -> str:
        return self._channel.kind

    def recognises_repeats(self, account: ChannelAccount) -> bool:
        return self._channel.recognises_repeats(account)

    async def send(self, account: ChannelAccount, outgoing: Outgoing) -> Event:
        outcome = "broke"
        try:
            event = await self._channel.send(account, outgoing)
            outcome = "taken"
        except Later:
            outcome = "later"
            raise
        except Never:
            outcome = "refused"
            raise
        else:
            waited = time.time() - outgoing.owed_at.timestamp()
            self._metrics.delivery_seconds.observe(max(waited, 0.0))
            return event
        finally:
            self._metrics.deliveries.labels(channel=self.kind, outcome=outcome).inc()
