"""`caseway` under a sampler: `python -m tests.bench.sampled FILE serve …` writes FILE at its end.

A signal comes after each so many microseconds of the process's own processor time, whatever else
the machine does, and the stack at that moment is counted. A stack is a line, outermost first.
"""

import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Final

from caseway.cli import main

EVERY_S: Final = 0.002
SITE: Final = "site-packages/"


class Sampler:
    def __init__(self) -> None:
        self.stacks: Counter[tuple[str, ...]] = Counter()

    def begin(self) -> None:
        signal.signal(signal.SIGPROF, self._sample)
        signal.setitimer(signal.ITIMER_PROF, EVERY_S, EVERY_S)

    def end(self) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)

    def _sample(self, _signal: int, frame: FrameType | None) -> None:
        stack: list[str] = []
        while frame is not None:
            code = frame.f_code
            stack.append(f"{_short(code.co_filename)}:{code.co_qualname}")
            frame = frame.f_back
        self.stacks[tuple(reversed(stack))] += 1


def _short(file: str) -> str:
    for mark in (SITE, "/src/", "/lib/python3"):
        if mark in file:
            return file.rpartition(mark)[2]
    return file


def run(file: Path) -> None:
    sampler = Sampler()
    sampler.begin()
    try:
        main()
    finally:
        sampler.end()
        lines = [f"{';'.join(stack)} {many}" for stack, many in sampler.stacks.items()]
        file.write_text("\n".join(lines))


if __name__ == "__main__":
    target = Path(sys.argv.pop(1))
    run(target)
