"""The benches by name: `python -m tests.bench [NAME…] [--quick] [--json] [--list]`."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from typing import Final, Protocol

import uvloop

from tests.bench import (
    acks,
    dashboard,
    events,
    history,
    imports,
    latency,
    machine,
    profile,
    replies,
    sandbox,
    sandbox_store,
    starts,
)
from tests.bench.figures import Report, as_json

LONGEST_S: Final = 1_800.0
EXAMPLES: Final = "Example: ./dev bench acks latency --quick"


class Measure(Protocol):
    async def __call__(self, *, quick: bool) -> Report: ...


BENCHES: Final[dict[str, tuple[Measure, str]]] = {
    "acks": (acks.measure, "webhooks kept and acknowledged a second, against the route alone"),
    "latency": (latency.measure, "from the webhook to the reply's delivery, at a steady pace"),
    "replies": (replies.measure, "replies a second at most; processor time, calls and memory"),
    "history": (history.measure, "what a reply costs where a million messages are stored"),
    "events": (events.measure, "pages of Events and an export, with ten million events"),
    "sandbox": (sandbox.measure, "the same way through the real sandbox"),
    "sandbox-store": (sandbox_store.measure, "the sandbox with ten million activities"),
    "dashboard": (dashboard.measure, "how fast its pages are with a million conversations"),
    "starts": (starts.measure, "how long until it works again"),
    "imports": (imports.measure, "the help's time, an idle serve's memory, late imports"),
    "profile": (profile.measure, "where a reply's time goes: statements and functions"),
}
BY_NAME_ONLY: Final = frozenset({"profile", "dashboard", "events", "sandbox-store"})


def main(argv: Sequence[str]) -> int:
    """0: all was measured, whether or not the goals were met. 2: wrong usage."""
    parser = argparse.ArgumentParser(
        prog="./dev bench", description="Measures Caseway on this machine.", epilog=EXAMPLES
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="which ones (all, if none)")
    parser.add_argument("--quick", action="store_true", help="shorter, and coarser")
    parser.add_argument("--json", action="store_true", help="the figures as JSON")
    parser.add_argument("--list", action="store_true", help="the benches, and no more")
    asked = parser.parse_args(argv)
    if asked.list:
        print("\n".join(f"{name:14} {about}" for name, (_, about) in BENCHES.items()))
        return 0
    unknown = [name for name in asked.names if name not in BENCHES]
    if unknown:
        parser.error(f"there is no bench {', '.join(unknown)}; --list names them")
    names = asked.names or [name for name in BENCHES if name not in BY_NAME_ONLY]
    _run(names, quick=asked.quick, in_json=asked.json)
    return 0


def _run(names: Sequence[str], *, quick: bool, in_json: bool) -> None:
    begun_on = machine.described()
    if not in_json:
        print(f"machine: {begun_on}\n", flush=True)
    reports = []
    for name in names:
        print(f"{name} …", file=sys.stderr, flush=True)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            report = runner.run(_measured(name, quick=quick))
        reports.append(report)
        if not in_json:
            print(report.text(), end="\n\n", flush=True)
    if in_json:
        print(as_json(reports, begun_on))


async def _measured(name: str, *, quick: bool) -> Report:
    task = asyncio.current_task()
    if task is not None:  # stopped, it still takes away what it has made
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with asyncio.timeout(LONGEST_S):
        return await BENCHES[name][0](quick=quick)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
