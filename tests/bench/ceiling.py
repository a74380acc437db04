"""The webhook's route with the commit left out: `python -m tests.bench.ceiling`.

The same server, application, token and parsing as `caseway serve --no-worker`; only the port that
keeps events answers at once. Configured like `serve`, and says where it answers.
"""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import uvloop
from prometheus_client import CollectorRegistry

from caseway.bootstrap import open_pool, open_store
from caseway.channels.api import ApiChannel
from caseway.config import load
from caseway.domain.connection import Connection
from caseway.domain.ids import ConversationId
from caseway.house import words_of
from caseway.outbound import Outside
from caseway.ports import KeptEvent, NewEvent, Ticketing
from caseway.serve import _answer, _stop_on_signals, listening_socket, setting_up
from caseway.store.calls import PostgresCalls
from caseway.store.channel_book import PostgresChannelBook
from caseway.store.connections import Connections
from caseway.store.conversations import PostgresConversations
from caseway.store.directory import Directory
from caseway.store.event_log import PostgresEventLog
from caseway.store.glance import PostgresGlances
from caseway.store.idempotency import PostgresRepeats
from caseway.store.inbox import PostgresInbox
from caseway.store.intake import PostgresIntake
from caseway.store.keys import Keys
from caseway.store.people import people_over
from caseway.store.rates import PostgresRates
from caseway.store.reads import PostgresReads
from caseway.store.refusals import PostgresRefusals
from caseway.store.replay_orders import PostgresReplayOrders
from caseway.store.replays import PostgresReplays
from caseway.store.roles import Role
from caseway.store.samples import PostgresSamples
from caseway.store.standing import PostgresStandings
from caseway.store.wakes import PostgresWakes
from caseway.store.widget_sessions import PostgresWidgetSessions
from caseway.sync.pick_lists import RememberedLists
from caseway.sync.samples import NewestActivities
from caseway.telemetry import set_up_logs
from caseway.web.app import build
from caseway.web.parts import Parts

ANY: Final = KeptEvent(token_holds=True, conversation=ConversationId(UUID(int=1)))


class KeepsNothing:
    """Stands in for the shared commit."""

    async def keep(self, event: NewEvent) -> KeptEvent:
        del event
        return ANY


def _nobody(connection: Connection) -> Ticketing:
    raise AssertionError(f"nobody asks {connection.name} here")


async def serve() -> None:
    settings = load(port=0)
    set_up_logs(settings.log_level, settings.log_format)
    stopping = asyncio.Event()
    _stop_on_signals(stopping)
    async with AsyncExitStack() as opened:
        store = await opened.enter_async_context(open_store(settings))
        pool = await opened.enter_async_context(
            open_pool(settings, store.owner_dsn, Role.WEB, connections=2)
        )
        outside = await opened.enter_async_context(Outside(settings.allowed_networks))
        parts = Parts(
            events=KeepsNothing(),
            event_log=PostgresEventLog(pool),
            replays=PostgresReplayOrders(pool),
            directory=Directory(store.sync, store.secrets),
            refusals=PostgresRefusals(store.sync),
            intake=PostgresIntake(pool),
            keys=Keys(pool),
            reads=PostgresReads(pool),
            repeats=PostgresRepeats(pool),
            rates=PostgresRates(pool),
            sessions=PostgresWidgetSessions(pool),
            wakes=PostgresWakes(store.direct_dsn),
            people=people_over(pool),
            rules=Connections(pool, store.secrets),
            samples=NewestActivities(PostgresSamples(pool), _nobody),
            pick_lists=RememberedLists(_nobody, lambda: datetime.now(tz=UTC)),
            words=words_of,
            channel_book=PostgresChannelBook(pool, store.secrets),
            callbacks=ApiChannel(Outside(), now=lambda: datetime.now(tz=UTC)),
            public_url=settings.public_url,
            glances=PostgresGlances(pool),
            inbox=PostgresInbox(pool),
            conversations=PostgresConversations(pool),
            retries=PostgresReplays(pool),
            standings=PostgresStandings(pool),
            creatio=setting_up(
                settings, store.secrets, pool, outside, outside, PostgresCalls(store.sync)
            ),
            now=lambda: datetime.now(tz=UTC),
            metrics=CollectorRegistry(),
        )
        app = build(parts, hosts={"127.0.0.1"})
        listening = listening_socket(settings, None)
        await _answer(app, listening, stopping, _say)


def _say(address: str) -> None:
    print(f"The ceiling answers at {address}", flush=True)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())
