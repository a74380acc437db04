"""The command line: `python -m creatio_sandbox --help`."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from creatio_sandbox.faults import BadFault, Faults, read_spec
from creatio_sandbox.instance import PREFIXES, Plan, read_networks
from creatio_sandbox.model import BadSchema
from creatio_sandbox.rights import BadRights
from creatio_sandbox.server import Serving, Taken, prepare, run_to_the_end

DONE: Final = 0
FAILED: Final = 1
WRONG_USAGE: Final = 2


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="creatio_sandbox",
        description="A Creatio that runs on a laptop. It is not Creatio, and says so everywhere.",
        epilog="Faults, for example: --fault errors=0.2,dropped=0.1,latency=50ms,seed=1. "
        f"Known: {', '.join(Faults.__struct_fields__)}.",
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    add("--port", type=int, default=0, help="port; 0 takes any free one (default)")
    add(
        "--identity-port",
        type=int,
        default=None,
        metavar="PORT",
        help="give OAuth tokens on a port of its own too, as the identity service over there does",
    )
    add("--data", default=":memory:", metavar="FILE", help="database file, or :memory: (default)")
    add("--user", default="Supervisor", help="who signs in at the desk and by the forms login")
    add("--password", default="Supervisor", help="that user's password (default: %(default)s)")
    add("--client-id", default="sandbox", help="OAuth client (default: %(default)s)")
    add("--client-secret", default=None, help="its secret; made up and kept when not given")
    add(
        "--token-acts-as-user",
        action="store_true",
        help="an OAuth token acts as the desk's user, not as a technical one",
    )
    add("--platform", choices=tuple(PREFIXES), default="both", help="which addresses are served")
    add("--webhook-url", metavar="URL", help="make the two processes that call this address")
    add("--fault", default="", metavar="LIST", help="what goes wrong, see below")
    add("--seed-cases", type=int, default=0, metavar="N", help="invented cases to begin with")
    add("--seed", type=int, default=None, metavar="N", help="sample data, made from this number")
    add("--schema", metavar="FILE", help="entities and columns of your own, in TOML; see README.md")
    add("--rights", metavar="FILE", help="who may do what with which entity, in JSON")
    add(
        "--allow-webhooks-to",
        default="",
        metavar="NETWORKS",
        help="networks besides loopback that processes may call, as 10.0.0.0/8,192.168.0.0/16",
    )
    add(
        "--agents",
        default="",
        metavar="NAMES",
        help='who works at the desk besides, as "Clara Brandt, Ben Osei"; the same password',
    )
    add("--desk-open", action="store_true", help="the desk asks for no sign-in")
    add("--json", action="store_true", help="print one line of JSON when ready")
    return parser


def plan_from(asked: argparse.Namespace) -> Plan:
    return Plan(
        data=asked.data,
        user=asked.user,
        password=asked.password,
        client_id=asked.client_id,
        client_secret=asked.client_secret,
        token_acts_as_user=asked.token_acts_as_user,
        platform=asked.platform,
        webhook_url=asked.webhook_url,
        faults=read_spec(asked.fault),
        seed_cases=asked.seed_cases,
        networks=read_networks(asked.allow_webhooks_to),
        desk_open=asked.desk_open,
        agents=[name.strip() for name in asked.agents.split(",") if name.strip()],
        seed=asked.seed,
        schema=asked.schema,
        rights=asked.rights,
    )


def _say(serving: Serving, *, as_json: bool) -> Callable[[], None]:
    address = serving.address
    if as_json:
        line = msgspec.json.encode(address).decode()
        return lambda: print(line, flush=True)  # noqa: T201
    lines = (
        "Sandbox, not Creatio.",
        f"  address        {address.url}   (OData at {address.url}/0/odata)",
        f"  agent desk     {address.desk_url}   {address.user} / {address.password}",
        f"  OAuth client   {address.client_id} / {address.client_secret}",
        f"  tokens         {address.identity_url}/connect/token",
        "Stop it with Ctrl+C.",
    )
    return lambda: print("\n".join(lines), flush=True)  # noqa: T201


def run(argv: Sequence[str]) -> int:
    """Serves until SIGINT or SIGTERM. 0 stopped, 1 could not start, 2 wrong usage."""
    parser = options()
    try:
        asked = parser.parse_args(list(argv))
    except SystemExit as leaving:
        return int(leaving.code or 0)
    try:
        plan = plan_from(asked)
    except (BadFault, ValueError) as failure:
        print(f"{parser.prog}: {failure}", file=sys.stderr)  # noqa: T201
        return WRONG_USAGE
    try:
        serving = prepare(plan, asked.host, asked.port, asked.identity_port)
    except (BadSchema, BadRights) as failure:
        print(f"{parser.prog}: {failure}", file=sys.stderr)  # noqa: T201
        return WRONG_USAGE
    except Taken as taken:
        print(  # noqa: T201
            f"{parser.prog}: cannot listen on {asked.host}:{taken.port}: {taken}. "
            f"Take another {'--port' if taken.port == asked.port else '--identity-port'}, "
            "or 0 for any free one.",
            file=sys.stderr,
        )
        return FAILED
    run_to_the_end(_serve(serving, _say(serving, as_json=asked.json)))
    return DONE


async def _serve(serving: Serving, ready: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(each, serving.stop)
        except NotImplementedError:  # Windows
            signal.signal(each, lambda *_: serving.stop())
    await serving.run(ready)
