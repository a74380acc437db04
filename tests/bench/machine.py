"""The machine under the figures: its processors, its load, and how fast it is just now."""

import os
import platform
import time
from statistics import median
from typing import Final

LOOPS: Final = 60


def described() -> str:
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    fastest, usual = _pace()
    return (
        f"{os.cpu_count()} processors, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}; load {load}; a fixed loop takes {fastest:.1f} ms of "
        f"processor time at best and {usual:.1f} ms usually: the more these differ, the more of "
        "the machine others use"
    )


def _pace() -> tuple[float, float]:
    taken = []
    for _ in range(LOOPS):
        began = time.process_time()
        _work()
        taken.append(1000 * (time.process_time() - began))
    return min(taken), median(taken)


def _work() -> int:
    found: dict[int, str] = {}
    for number in range(20_000):
        found[number % 97] = f"{number}x"
    return len(found)
