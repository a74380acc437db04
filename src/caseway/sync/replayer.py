"""Carries out replays, a few looks at a time: nobody else's reply waits for them."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from caseway.domain.connection import Connection
from caseway.domain.ids import ConnectionKey
from caseway.domain.replaying import AT_ONCE, affordable
from caseway.ports import CallCounter, Never
from caseway.ports.replaying import OwedLook, Running, RunningReplays


@dataclass(frozen=True, slots=True)
class Replayer:
    orders: RunningReplays
    connection: Callable[[ConnectionKey], Awaitable[Connection]]
    calls: Callable[[ConnectionKey], CallCounter]

    async def pass_over(self) -> None:
        """Looks that have ended make room for the next ones."""
        for order in await self.orders.running():
            await self._advance(order)

    async def _advance(self, order: Running) -> None:
        room = AT_ONCE - await self.orders.settle(order)
        if room <= 0:
            return
        resting: set[ConnectionKey] = set()
        looks = await self._affordable(order, room, resting)
        await self.orders.rest(order, resting)
        if looks:
            await self.orders.begin(order, looks, most=AT_ONCE)

    async def _affordable(
        self, order: Running, limit: int, resting: set[ConnectionKey]
    ) -> Sequence[OwedLook]:
        """The next looks of connections that have calls left; the others are put into `resting`."""
        while True:
            looks = await self.orders.owed(order, limit, without=resting)
            asked = {look.connection for look in looks}
            found = {key for key in asked if not await self._may_call(key)}
            if not found:
                return looks
            resting |= found

    async def _may_call(self, key: ConnectionKey) -> bool:
        try:
            settings = (await self.connection(key)).settings
        except Never:  # removed: the look itself says so
            return True
        return affordable(settings.calls_a_day, self.calls(key).used_today())
