"""What the web counts, as Prometheus reads it."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

CALLS: Final = "caseway_webhook_calls"
STREAMS: Final = "caseway_widget_streams"


class WebCounts(Collector):
    """Reads plain counters when somebody asks, so that counting costs nothing on the way."""

    def __init__(self, calls: Counter[str], streams: Callable[[], int]) -> None:
        self._calls: Mapping[str, int] = calls
        self._streams = streams

    def collect(self) -> Iterable[Metric]:
        calls = CounterMetricFamily(
            CALLS, "Calls to Creatio's webhook, by how they ended.", labels=["outcome"]
        )
        for outcome, many in self._calls.items():
            calls.add_metric([outcome], many)
        yield calls
        yield GaugeMetricFamily(STREAMS, "Widgets that are connected now.", value=self._streams())
