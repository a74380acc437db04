"""Carries out replays, a few looks at a time: nobody else's reply waits for them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from caseway.domain.connection import Connection
from caseway.domain.ids import ConnectionKey
from caseway.domain.replaying import AT_ONCE, OUT_OF_CALLS, affordable
from caseway.ports import CallCounter, Never
from caseway.ports.replaying import Running, RunningReplays


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
        begun = await self.orders.settle(order)
        looks = await self.orders.owed(order, max(AT_ONCE - begun, 0))
        if not looks:
            return
        ready = [look for look in looks if await self._may_call(look.connection)]
        if ready:
            await self.orders.begin(order, ready, most=AT_ONCE)
        else:
            await self.orders.wait(order, OUT_OF_CALLS)

    async def _may_call(self, key: ConnectionKey) -> bool:
        try:
            settings = (await self.connection(key)).settings
        except Never:  # removed: the look itself says so
            return True
        return affordable(settings.calls_a_day, self.calls(key).used_today())
