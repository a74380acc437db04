"""The benches by name: `python -m tests.bench [NAME…] [--quick] [--json] [--list]`."""

import argparse
import asyncio
import os
import platform
import sys
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import uvloop

from tests.bench import replies
from tests.bench.figures import Report, as_json


class Bench(Protocol):
    async def __call__(self, *, quick: bool) -> Report: ...


BENCHES: Final[dict[str, Bench]] = {
    "replies": replies.measure,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev bench")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--quick", action="store_true")
    asked = parser.parse_args()
    for name in asked.names or BENCHES:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            report = runner.run(BENCHES[name](quick=asked.quick))
        print(report.text(), os.getloadavg())
    return 0


sys.exit(main())
