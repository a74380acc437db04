"""From the webhook's call to the reply at the customer's program, at a steady pace."""

from typing import Final

from tests.bench.figures import Figure, Report, percentile
from tests.bench.scene import CONVERSATIONS, open_scene

PACES: Final = (50, 300)
MEDIAN_MS: Final = 15.0
P99_MS: Final = 60.0


async def measure(*, quick: bool) -> Report:
    seconds = 4 if quick else 15
    figures = []
    async with open_scene() as scene:
        exchange, number = scene.exchange, 0
        await exchange.steady(scene.calls, range(200), a_second=50)  # connections, plans, caches
        number += 200
        for pace in PACES:
            exchange.took.clear()
            many = min(pace * seconds, CONVERSATIONS - number)
            missing = 0
            try:
                await exchange.steady(scene.calls, range(number, number + many), a_second=pace)
            except TimeoutError:
                missing = exchange.outstanding
            number += many
            at = f"at {pace}/s"
            figures += [
                Figure(
                    f"median {at}",
                    1000 * percentile(exchange.took, 0.5),
                    "ms",
                    "at most",
                    MEDIAN_MS,
                ),
                Figure(
                    f"99th percentile {at}",
                    1000 * percentile(exchange.took, 0.99),
                    "ms",
                    "at most",
                    P99_MS,
                ),
                Figure(f"replies that did not come {at}", missing, "", "at most", 0),
            ]
    return Report(
        bench="latency",
        setup=(
            "one serve, a thin Creatio, distinct cases; from the first byte of the webhook's call "
            f"to the callback's arrival, {seconds} s a pace"
        ),
        figures=figures,
        notes=["stretch: 8 ms and 30 ms"],
        quick=quick,
    )
