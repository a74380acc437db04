"""Runs a process until it is told to stop: the web, the worker, or both."""

import asyncio
import errno
import gc
import signal
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack, suppress
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import structlog

from caseway.bootstrap import CannotOpen, open_pool, open_store
from caseway.channels.api import ApiChannel
from caseway.config import BadSettings, Settings, is_private
from caseway.creatio.inspection import CreatioInspection
from caseway.creatio.rehearsal import WebhookRehearsal
from caseway.domain.ids import NOBODY, ConnectionKey
from caseway.domain.roles import Role as UserRole
from caseway.domain.secret import Secret
from caseway.house import House, open_house, words_of
from caseway.outbound import Outside
from caseway.ports import People, SettingUp
from caseway.store.calls import PostgresCalls, Tally
from caseway.store.channel_book import PostgresChannelBook
from caseway.store.connections import Connections
from caseway.store.conversations import PostgresConversations
from caseway.store.event_log import PostgresEventLog
from caseway.store.glance import PostgresGlances
from caseway.store.idempotency import PostgresRepeats
from caseway.store.inbox import PostgresInbox
from caseway.store.intake import PostgresIntake
from caseway.store.keys import Keys
from caseway.store.people import people_over
from caseway.store.rates import PostgresRates
from caseway.store.readiness import database_trouble
from caseway.store.reads import PostgresReads
from caseway.store.refusals import PostgresRefusals
from caseway.store.replay_orders import PostgresReplayOrders
from caseway.store.replays import PostgresReplays
from caseway.store.roles import Role
from caseway.store.samples import PostgresSamples
from caseway.store.secrets import Secrets
from caseway.store.setup import PostgresSetup
from caseway.store.standing import PostgresStandings
from caseway.store.tokens import Tokens
from caseway.store.wakes import PostgresWakes
from caseway.store.webhooks import SharedCommit
from caseway.store.widget_sessions import PostgresWidgetSessions
from caseway.sync.pick_lists import RememberedLists
from caseway.sync.samples import NewestActivities
from caseway.web.app import Web, build
from caseway.web.dashboard.provider import SignOn
from caseway.web.demo.facts import DemoFacts
from caseway.web.parts import Parts

if TYPE_CHECKING:
    import asyncpg

log = structlog.get_logger()

BACKLOG: Final = 2048
EVERYWHERE: Final = (ip_network("0.0.0.0/0"), ip_network("::/0"))
STREAMS_END_S: Final = 3
# Looks wait for the network, hardly ever for the database: eight connections serve hundreds of them
# a second. More would all be opened by one burst, each cold, and slow down the very burst.
LOOKS_SHARE: Final = 8  # and as many for all the rest


def listening_socket(settings: Settings, fd: int | None) -> socket.socket:
    """An inherited one, or one of our own. Raises `CannotOpen` where there is none to be had."""
    if fd is not None:
        return socket.socket(fileno=fd)
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with ExitStack() as unless_bound:
        try:
            made = unless_bound.enter_context(socket.socket(family, socket.SOCK_STREAM))
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind((settings.host, settings.port))
        except OSError as failure:
            raise CannotOpen(
                f"{settings.host}:{settings.port} cannot be listened on ({failure.strerror}). "
                f"{_remedy(failure)}"
            ) from failure
        unless_bound.pop_all()
        return made


def _remedy(failure: OSError) -> str:
    if failure.errno == errno.EADDRINUSE:
        return "Stop what uses the port, or choose another with CASEWAY_PORT."
    if failure.errno == errno.EACCES:
        return "Choose a port from 1024 on with CASEWAY_PORT, and put a reverse proxy before it."
    return "Set CASEWAY_HOST to an address of this machine, such as 127.0.0.1 or 0.0.0.0."


async def run(
    settings: Settings,
    *,
    web: bool,
    worker: bool,
    fd: int | None = None,
    demo: DemoFacts | None = None,
    ready: Callable[[str], None] = lambda _address: None,
    ownerless: Callable[[str], None] = lambda _link: None,
) -> None:
    """`ready` is told the address once requests are answered; `ownerless`, while nobody owns this
    installation, the link that makes the first owner.
    """
    stopping = asyncio.Event()
    _stop_on_signals(stopping)
    async with AsyncExitStack() as opened:
        listening = listening_socket(settings, fd) if web else None
        connections = LOOKS_SHARE + min(settings.worker_concurrency, LOOKS_SHARE)
        store = await opened.enter_async_context(open_store(settings, connections=connections))
        house = await opened.enter_async_context(open_house(store, settings))
        async with asyncio.TaskGroup() as tasks:
            working = None
            if worker:
                working = tasks.create_task(house.worker(stopping).run())
            if listening is not None:
                app, people = await _web(opened, house, demo, working)
                link = await people.invitations.first(store.organisation)

                def told(address: str) -> None:
                    ready(address)
                    if link is not None:
                        at = settings.public_url if settings.has_public_url else address
                        ownerless(f"{at}/welcome/{link.reveal()}")

                tasks.create_task(_answer(app, listening, stopping, told))
            # What is in hand when the time is over is taken over by another worker.
            tasks.create_task(_stop_in_time(stopping, working, settings))
    log.info("process.stopped")


def _stop_on_signals(stopping: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def stop(*_: object) -> None:
        loop.call_soon_threadsafe(stopping.set)

    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, stop)


async def _stop_in_time(
    stopping: asyncio.Event, working: "asyncio.Task[None] | None", settings: Settings
) -> None:
    await stopping.wait()
    log.info("process.stopping")
    if working is None:
        return
    await asyncio.wait({working}, timeout=settings.shutdown.total_seconds())
    if not working.done():
        log.warning("worker.cut_off")
        working.cancel()


async def _web(
    opened: AsyncExitStack,
    house: House,
    demo: DemoFacts | None,
    working: "asyncio.Task[None] | None",
) -> tuple[Web, People]:
    store, settings = house.store, house.settings
    web_pool = await opened.enter_async_context(
        open_pool(settings, store.owner_dsn, Role.WEB, connections=12)
    )
    commit = await opened.enter_async_context(SharedCommit(store.sync))
    to_ourselves = await opened.enter_async_context(Outside(EVERYWHERE))
    checks = {"database": lambda: database_trouble(store.sync)}
    if working is not None:
        checks["worker"] = lambda: _worker_trouble(working)
    parts = Parts(
        events=commit,
        event_log=PostgresEventLog(web_pool),
        replays=PostgresReplayOrders(web_pool),
        directory=house.directory,
        refusals=PostgresRefusals(store.sync),
        intake=PostgresIntake(web_pool),
        keys=Keys(web_pool),
        reads=PostgresReads(web_pool),
        repeats=PostgresRepeats(web_pool),
        rates=PostgresRates(web_pool),
        sessions=PostgresWidgetSessions(web_pool),
        wakes=PostgresWakes(store.direct_dsn),
        people=people_over(web_pool),
        rules=Connections(web_pool, store.secrets),
        samples=NewestActivities(PostgresSamples(web_pool), house.ticketings.of),
        pick_lists=RememberedLists(house.ticketings.of, lambda: datetime.now(tz=UTC)),
        words=words_of,
        channel_book=PostgresChannelBook(web_pool, store.secrets),
        callbacks=ApiChannel(house.outside, now=lambda: datetime.now(tz=UTC)),
        public_url=settings.public_url,
        glances=PostgresGlances(web_pool),
        inbox=PostgresInbox(web_pool),
        conversations=PostgresConversations(web_pool),
        retries=PostgresReplays(web_pool),
        standings=PostgresStandings(web_pool),
        creatio=setting_up(
            settings, store.secrets, web_pool, house.outside, to_ourselves, house.calls
        ),
        now=lambda: datetime.now(tz=UTC),
        metrics=house.metrics.registry,
        checks=checks,
        demo=demo,
        sign_on=_sign_on(house),
    )
    public = urlsplit(settings.public_url).hostname or settings.host
    hosts = {public, settings.host, "localhost", "127.0.0.1", "::1", *settings.allowed_hosts}
    return build(parts, hosts=hosts, proxies=settings.trusted_proxies), parts.people


def setting_up(
    settings: Settings,
    secrets: Secrets,
    web_pool: "asyncpg.Pool[asyncpg.Record]",
    outside: Outside,
    to_ourselves: Outside,
    calls: PostgresCalls,
) -> SettingUp:
    """`to_ourselves` goes wherever the operator has said that our own address is."""

    def counter(key: ConnectionKey) -> Tally:
        return calls.of(key) if key.connection != NOBODY else Tally()

    return SettingUp(
        connections=Connections(web_pool, secrets),
        tokens=Tokens(web_pool, secrets),
        setup=PostgresSetup(web_pool),
        inspection=CreatioInspection(outside, counter, now=lambda: datetime.now(tz=UTC)),
        rehearsal=WebhookRehearsal(
            to_ourselves, lambda token: Secret(settings.webhook_url(token.reveal()))
        ),
        plain_http_allowed=bool(settings.allowed_networks),
        public_url_is_private=is_private(settings.public_url),
    )


def _sign_on(house: House) -> SignOn | None:
    """Raises `BadSettings` where it is configured by half."""
    settings = house.settings
    if not settings.oidc_issuer:
        return None
    if not settings.oidc_client_id:
        raise BadSettings("CASEWAY_OIDC_ISSUER is set: CASEWAY_OIDC_CLIENT_ID has to be, too.")
    return SignOn(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=settings.read_oidc_secret(),
        organisation=house.store.organisation,
        domains=frozenset(domain.lower().lstrip("@") for domain in settings.oidc_domains),
        role=UserRole(settings.oidc_role),
        outside=house.outside,
    )


async def _worker_trouble(working: "asyncio.Task[None]") -> str:
    return "the worker has stopped" if working.done() else ""


async def _answer(
    app: Web, listening: socket.socket, stopping: asyncio.Event, ready: Callable[[str], None]
) -> None:
    import uvicorn

    server = uvicorn.Server(
        uvicorn.Config(
            app,
            http="httptools",
            ws="none",
            access_log=False,
            log_config=None,
            server_header=False,
            date_header=False,
            backlog=BACKLOG,
            timeout_graceful_shutdown=STREAMS_END_S,
            proxy_headers=False,
        )
    )
    host, port = listening.getsockname()[:2]
    answering = asyncio.create_task(server.serve(sockets=[listening]))
    while not (server.started or answering.done()):  # noqa: ASYNC110 - uvicorn tells nobody
        await asyncio.sleep(0.01)
    if not answering.done():
        _stop_on_signals(stopping)  # uvicorn took them, and would wait for the streams that we end
        gc.collect()
        gc.freeze()  # what was imported stays: no need to look at it again and again
        ready(f"http://{f'[{host}]' if ':' in host else host}:{port}")
    stopped = asyncio.create_task(stopping.wait())
    await asyncio.wait({answering, stopped}, return_when=asyncio.FIRST_COMPLETED)
    app.close_streams()
    server.should_exit = True
    await answering
    stopped.cancel()
    with suppress(asyncio.CancelledError):
        await stopped
    stopping.set()
