"""The whole system on one machine: a sandbox Creatio, Caseway, sample channels, and links.

This process keeps the others: it holds the listening socket, so that nobody is refused while
Caseway is killed and begun again, and it stops everything when it is told to.
"""

import asyncio
import json
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Final
from uuid import UUID

import aiohttp
import structlog

from caseway.bootstrap import CannotOpen, OpenStore, open_pool, open_store
from caseway.config import Settings, load
from caseway.domain.connection import (
    Auth,
    ChannelAccount,
    ChannelSettings,
    ConnectionSettings,
    Sweeping,
)
from caseway.domain.ids import StatusId
from caseway.domain.secret import Secret
from caseway.domain.stock import ORIGIN_CHAT, ORIGIN_SITE, STATUS_RESOLVED
from caseway.ports import NotConfigured, Wanted
from caseway.store.embedded import CannotStart
from caseway.store.roles import Role
from caseway.store.users import PostgresUsers

log = structlog.get_logger()

LOOPBACK: Final = "127.0.0.0/8"
USUAL_PORT: Final = 8080
READY_WITHIN_S: Final = 60.0
STOP_WITHIN_S: Final = 25.0
SWEEP_EVERY: Final = timedelta(seconds=5)  # nobody waits two minutes for a lost webhook to heal
NAME: Final = "demo"
OWNER_EMAIL: Final = "owner@demo.example"
OWNER_NAME: Final = "Demo owner"
AGENT: Final = "Supervisor"  # of the sandbox: both name and password
DONE: Final = 0
FAILED: Final = 1


@dataclass(frozen=True, slots=True)
class Sandbox:
    url: str
    desk_url: str
    user: str
    password: str
    client_id: str
    client_secret: str


@dataclass(frozen=True, slots=True)
class Configured:
    api_key: str
    api: ChannelAccount
    widget: ChannelAccount
    webhook_url: str
    owner: UUID


async def run_demo(data: Path | None, *, port: int, callback_url: str, as_json: bool) -> int:
    """Until Ctrl-C or SIGTERM; then everything that was started is stopped."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stopping.set)
    try:
        return await _run(
            data, port=port, callback_url=callback_url, as_json=as_json, stopping=stopping
        )
    except (CannotOpen, CannotStart):
        # A terminal's Ctrl-C also ends what we had begun: that is no failure.
        if not stopping.is_set():
            raise
        _say("Stopped before everything was up.")
        return DONE


async def _run(
    data: Path | None, *, port: int, callback_url: str, as_json: bool, stopping: asyncio.Event
) -> int:
    began = time.monotonic()
    listening = _listen(port)
    base = f"http://127.0.0.1:{listening.getsockname()[1]}"
    settings = _settings(data, base)
    _say(f"Starting Caseway with its data in {settings.data}")
    async with AsyncExitStack() as opened:
        opened.callback(listening.close)
        sandbox = _plan_sandbox(settings)
        sandbox_starts = asyncio.create_task(_start_sandbox(opened, settings, sandbox))
        opened.push_async_callback(_dropped, sandbox_starts)
        store = await opened.enter_async_context(open_store(settings))
        _say(f"PostgreSQL is up ({_since(began)})")
        found = await _configure(store, settings, sandbox, base, callback_url)
        facts = _write_facts(settings, store, sandbox, found)
        keeping = asyncio.create_task(_keep_serving(settings, listening, facts, stopping))
        opened.push_async_callback(_ended, keeping)
        opened.callback(stopping.set)
        await sandbox_starts
        _say(f"The sandbox is up ({_since(began)})")
        await _tell_sandbox(sandbox, found.webhook_url)
        if not await _answers(base, stopping):
            return FAILED if not stopping.is_set() else DONE
        _say(f"Everything is up ({_since(began)})")
        if as_json:
            print(json.dumps(_as_json(base, sandbox, found)), flush=True)  # noqa: T201
        else:
            _show(base, sandbox, found)
        await stopping.wait()
        _say("Stopping.")
    return DONE


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201


def _since(began: float) -> str:
    return f"{time.monotonic() - began:.1f} s"


def _listen(port: int) -> socket.socket:
    for wanted in (port, 0) if port == USUAL_PORT else (port,):
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            made.bind(("127.0.0.1", wanted))
        except OSError:
            made.close()
            continue
        made.listen(2048)
        made.set_inheritable(True)
        return made
    raise CannotOpen(f"Port {port} is in use. Choose another with --port, or 0 for a free one.")


def _settings(data: Path | None, base: str) -> Settings:
    """The demo is apart from any installation: a folder, a key and networks of its own."""
    folder = (data or _usual_folder()).expanduser().absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return load(
        data=folder,
        secret_key_file=folder / "secret.key",
        allowed_networks=(ip_network(LOOPBACK),),
        base_url=base,
        database_url=None,
    )


def _usual_folder() -> Path:
    if os.geteuid() == 0:  # PostgreSQL runs as nobody then, who must be able to walk there
        return Path("/var/lib/caseway-demo")
    named = os.environ.get("XDG_DATA_HOME", "")
    return (Path(named) if named else Path.home() / ".local/share") / "caseway-demo"


def _plan_sandbox(settings: Settings) -> Sandbox:
    """Where it will be, so that Caseway can start beside it instead of after it.

    Its secrets are kept, so that the next demo finds the sandbox it left.
    """
    kept = _kept_secrets(settings.data / "sandbox.json")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    return Sandbox(
        url=url,
        desk_url=f"{url}/desk",
        user=AGENT,
        password=AGENT,
        client_id=kept["client_id"],
        client_secret=kept["client_secret"],
    )


async def _start_sandbox(opened: AsyncExitStack, settings: Settings, planned: Sandbox) -> None:
    """Until it answers. Raises `CannotOpen`."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "creatio_sandbox", "--json", "--desk-open"),
        *("--port", planned.url.rpartition(":")[2]),
        *("--data", str(settings.data / "sandbox.sqlite")),
        *("--user", planned.user, "--password", planned.password),
        *("--client-id", planned.client_id, "--client-secret", planned.client_secret),
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is ours to pass on, in our order
    )
    opened.push_async_callback(_stop, child)
    if child.stdout is None:
        raise AssertionError("a pipe was asked for")
    async with asyncio.timeout(READY_WITHIN_S):
        line = await child.stdout.readline()
    if not line:
        raise CannotOpen("The sandbox did not start; the reason is above.")


def _kept_secrets(file: Path) -> dict[str, str]:
    with suppress(FileNotFoundError):
        found: dict[str, str] = json.loads(file.read_text("utf-8"))
        return found
    made = {"client_id": secrets.token_hex(16), "client_secret": secrets.token_urlsafe(32)}
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        json.dump(made, opened)
    return made


async def _configure(
    store: OpenStore, settings: Settings, sandbox: Sandbox, base: str, callback_url: str
) -> Configured:
    registry, organisation = store.registry, store.organisation
    connection, _ = await registry.connections.put(
        organisation,
        Wanted(
            name=NAME,
            base_url=sandbox.url,
            auth=Auth.OAUTH,
            login=sandbox.client_id,
            secret=Secret(sandbox.client_secret),
            settings=ConnectionSettings(
                resolved_status=StatusId(STATUS_RESOLVED),
                origins={"widget": ORIGIN_CHAT, "api": ORIGIN_SITE},
                calls_a_day=None,
                sweeping=Sweeping(interval=SWEEP_EVERY),
            ),
        ),
        actor=NAME,
    )
    api, _ = await registry.channels.put(
        organisation,
        connection.id,
        "api",
        "api",
        ChannelSettings(callback_url=callback_url),
        actor=NAME,
    )
    widget, _ = await registry.channels.put(
        organisation,
        connection.id,
        "widget",
        "shop",
        ChannelSettings(origins=(base, base.replace("127.0.0.1", "localhost"))),
        actor=NAME,
    )
    with suppress(NotConfigured):  # a key is shown once, so each demo has its own
        await registry.keys.revoke(organisation, NAME, actor=NAME)
    key = await registry.keys.create(organisation, NAME, actor=NAME)
    token = await registry.tokens.ensure(connection.key, actor=NAME)
    async with open_pool(settings, store.owner_dsn, Role.WEB, connections=1) as pool:
        owner = await PostgresUsers(pool).ensure_owner(organisation, OWNER_EMAIL, OWNER_NAME)
    return Configured(key.reveal(), api, widget, settings.webhook_url(token.reveal()), owner)


async def _tell_sandbox(sandbox: Sandbox, webhook_url: str) -> None:
    """The two business processes that call us, as an administrator would make them."""
    known = {"Authorization": aiohttp.encode_basic_auth(sandbox.user, sandbox.password)}
    async with (
        aiohttp.ClientSession(headers=known) as session,
        session.put(f"{sandbox.url}/sandbox/webhook", json={"url": webhook_url}) as answer,
    ):
        answer.raise_for_status()


def _write_facts(settings: Settings, store: OpenStore, sandbox: Sandbox, found: Configured) -> Path:
    file = settings.data / "demo.json"
    text = json.dumps(
        {
            "organisation": str(store.organisation),
            "widget_channel": str(found.widget.id),
            "owner": str(found.owner),
            "owner_email": OWNER_EMAIL,
            "sandbox_url": sandbox.url,
            "desk_url": sandbox.desk_url,
            "sandbox_user": sandbox.user,
            "sandbox_password": sandbox.password,
        }
    )
    fresh = file.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(text, "utf-8")
    fresh.replace(file)
    return file


def _environment(settings: Settings) -> Mapping[str, str]:
    return {
        **{k: v for k, v in os.environ.items() if not k.startswith("CASEWAY_")},
        "CASEWAY_CONFIG": str(settings.data),  # no file of another installation
        "CASEWAY_DATA": str(settings.data),
        "CASEWAY_SECRET_KEY_FILE": str(settings.secret_key_file),
        "CASEWAY_ALLOWED_NETWORKS": LOOPBACK,
        "CASEWAY_BASE_URL": settings.base_url,
        "CASEWAY_LOG_LEVEL": os.environ.get("CASEWAY_LOG_LEVEL", "warning"),
    }


async def _keep_serving(
    settings: Settings, listening: socket.socket, facts: Path, stopping: asyncio.Event
) -> None:
    """Begins Caseway again whenever it dies: the demo has a button that kills it."""
    while not stopping.is_set():
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "caseway", "serve"),
            *("--fd", str(listening.fileno()), "--demo-facts", str(facts)),
            env=_environment(settings),
            pass_fds=(listening.fileno(),),
            start_new_session=True,
        )
        ended = asyncio.create_task(child.wait())
        asked = asyncio.create_task(stopping.wait())
        await asyncio.wait({ended, asked}, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        if stopping.is_set():
            await _stop(child)
        elif child.returncode and child.returncode > 0:
            _say("Caseway ended by itself; the reason is above.")
            stopping.set()
        else:
            _say("Caseway was killed: starting it again.")
        await ended


async def _dropped(task: "asyncio.Task[None]") -> None:
    """Where something else has failed first, nobody waits for it."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _ended(task: "asyncio.Task[None]") -> None:
    await task


async def _stop(child: asyncio.subprocess.Process) -> None:
    if child.returncode is not None:
        return
    with suppress(ProcessLookupError):
        child.terminate()
    try:
        async with asyncio.timeout(STOP_WITHIN_S):
            await child.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()


async def _answers(base: str, stopping: asyncio.Event) -> bool:
    """Whether Caseway is ready before long."""
    until = time.monotonic() + READY_WITHIN_S
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        while time.monotonic() < until and not stopping.is_set():
            with suppress(aiohttp.ClientError, TimeoutError):
                async with session.get(f"{base}/readyz") as answer:
                    if answer.status == 200:
                        return True
            await asyncio.sleep(0.05)
    return False


def _as_json(base: str, sandbox: Sandbox, found: Configured) -> dict[str, str]:
    return {
        "api_url": base,
        "api_key": found.api_key,
        "api_channel": str(found.api.id),
        "callback_secret": found.api.secret.reveal() if found.api.secret else "",
        "widget_url": f"{base}/demo/widget",
        "dashboard_url": f"{base}/demo/dashboard",
        "webhook_url": found.webhook_url,
        "sandbox_url": sandbox.url,
        "sandbox_user": sandbox.user,
        "sandbox_password": sandbox.password,
        "sandbox_client_id": sandbox.client_id,
        "sandbox_client_secret": sandbox.client_secret,
        "agent_desk_url": sandbox.desk_url,
    }


def _show(base: str, sandbox: Sandbox, found: Configured) -> None:
    print(  # noqa: T201
        f"""
Caseway is running. Click here and see all of it at once:

    {base}/demo

  The dashboard              {base}/demo/dashboard
  The customer's page        {base}/demo/widget
  The agent's desk           {sandbox.desk_url}   ({sandbox.user} / {sandbox.password})
  The sandbox Creatio        {sandbox.url}
  What it calls              {found.webhook_url}
  The API                    {base}/api/v1   (key {found.api_key})

Everything stays on this machine. Stop it with Ctrl-C.
""",
        flush=True,
    )
