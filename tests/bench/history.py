"""Whether a reply costs more where a long history is stored: two installations, in turn."""

from statistics import median
from typing import Final

from tests.bench.figures import Figure, Report
from tests.bench.replies import Saturated, saturate
from tests.bench.scene import CONVERSATIONS, open_scene

MESSAGES_EACH: Final = 10
LONG: Final = 100_000  # conversations
SHORT_OF_LONG: Final = 10_000  # with --quick
ROUNDS: Final = 3


async def measure(*, quick: bool) -> Report:
    long = SHORT_OF_LONG if quick else LONG
    seconds = 3.0 if quick else 6.0
    few: list[Saturated] = []
    many: list[Saturated] = []
    async with (
        open_scene(CONVERSATIONS, 1) as young,
        open_scene(long, MESSAGES_EACH) as old,
    ):
        for _ in range(ROUNDS):
            few.append(await saturate(young, seconds))
            many.append(await saturate(old, seconds))
    cost = [_processor_ms(one) for one in few], [_processor_ms(one) for one in many]
    return Report(
        bench="history",
        setup=(
            f"as `replies`, in {ROUNDS} rounds of {seconds:.0f} s: {CONVERSATIONS:,} messages stored, "
            f"then {long * MESSAGES_EACH:,} in {long:,} conversations, replies to {CONVERSATIONS:,} "
            "of them spread over all"
        ),
        figures=[
            Figure(
                "processor time a reply, ratio",
                median(cost[1]) / median(cost[0]),
                "",
                "at most",
                1.2,
            ),
            Figure("young: serve and PostgreSQL, a reply", median(cost[0]), "ms"),
            Figure("old: serve and PostgreSQL, a reply", median(cost[1]), "ms"),
            Figure("young: replies a second", median(one.a_second for one in few), "/s"),
            Figure("old: replies a second", median(one.a_second for one in many), "/s"),
        ],
        quick=quick,
    )


def _processor_ms(found: Saturated) -> float:
    return 1000 * (found.serve_cpu_s + found.postgres_cpu_s) / found.replies
