"""Logs and metrics: how they are set up, and what is counted.

A log line is a fact: a constant event, `noun.verb`, and pairs. Whatever passes here, a secret
does not: values of type `Secret` and texts that look like one of our tokens are masked last.
"""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TextIO

import structlog

from caseway.domain.secret import MASK, Secret

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

# Webhook tokens, API keys, visitors' tokens; the public name stays, it is what we search by.
TOKEN: Final = re.compile(r"(cw[kv]?_[a-z0-9]{8,16})_[A-Za-z0-9_-]{16,}")
SIGNING: Final = re.compile(r"(whsec)_[A-Za-z0-9+/=_-]{16,}")
DEEPEST: Final = 6


def masked_text(text: str) -> str:
    if "cw" not in text and "whsec_" not in text:
        return text
    return SIGNING.sub(rf"\1_{MASK}", TOKEN.sub(rf"\1_{MASK}", text))


def masked(value: object, depth: int = 0) -> object:
    """The value without its secrets, of the same shape; nothing is left out."""
    match value:
        case str():
            return masked_text(value)
        case None | bool() | int() | float():
            return value
        case Secret():
            return MASK
        case Mapping() if depth < DEEPEST:
            return {str(masked(key)): masked(one, depth + 1) for key, one in value.items()}
        case list() | tuple() | set() | frozenset() if depth < DEEPEST:
            return [masked(one, depth + 1) for one in value]
        case bytes():
            return masked_text(value.decode(errors="backslashreplace"))
        case _:
            return masked_text(str(value))


def _mask(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    return {str(masked(key)): masked(value) for key, value in event.items()}


def set_up_logs(
    level: str = "info",
    form: Literal["auto", "json", "pretty"] = "auto",
    *,
    to: TextIO | None = None,
) -> None:
    """Send our lines and the libraries' the same way: to standard error, results go elsewhere.

    Once, before anything runs.
    """
    stream = to or sys.stderr
    pretty = form == "pretty" or (form == "auto" and stream.isatty())
    least = getattr(logging, level.upper())
    ours: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    last: Any = (
        structlog.dev.ConsoleRenderer(
            colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
        if pretty
        else structlog.processors.JSONRenderer()
    )
    lines = logging.StreamHandler(stream)
    lines.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *ours],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _mask,
                last,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [lines]
    root.setLevel(max(least, logging.WARNING))  # libraries are heard when something is wrong
    logging.getLogger("caseway").setLevel(least)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *ours,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=_ours,
        wrapper_class=structlog.make_filtering_bound_logger(least),
        cache_logger_on_first_use=True,
    )


def _ours(*_: object) -> logging.Logger:
    return logging.getLogger("caseway")


@dataclass(frozen=True, slots=True)
class Metric:
    """One thing that is counted, as docs/reference/metrics.md describes it."""

    name: str  # without the ending that Prometheus adds to counters
    kind: Literal["counter", "gauge", "histogram"]
    about: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    @property
    def exposed_name(self) -> str:
        return f"{self.name}_total" if self.kind == "counter" else self.name


SECONDS: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# What the web counts is in web/metrics.py; both are in docs/reference/metrics.md.
METRICS: Final[Mapping[str, Metric]] = {
    "runs": Metric(
        "caseway_runs", "counter", "Looks at a conversation, by how they ended.", ("outcome",)
    ),
    "run_seconds": Metric(
        "caseway_run_seconds",
        "histogram",
        "How long a look at a conversation took, remote calls included.",
        buckets=SECONDS,
    ),
    "deliveries": Metric(
        "caseway_deliveries",
        "counter",
        "Attempts to deliver a reply, by kind of channel and outcome.",
        ("channel", "outcome"),
    ),
    "creatio_calls": Metric(
        "caseway_creatio_calls",
        "counter",
        "Calls to Creatio, by what they were for.",
        ("kind",),
    ),
    "delivery_seconds": Metric(
        "caseway_delivery_seconds",
        "histogram",
        "From a reply's import to the channel's word that it was taken.",
        buckets=(*SECONDS, 30.0, 60.0, 300.0, 3600.0),
    ),
    "healed": Metric(
        "caseway_sweep_healed", "counter", "Changes that the sweep found and no webhook had told."
    ),
    "backlog": Metric("caseway_backlog", "gauge", "Conversations whose next look is due."),
    "backlog_seconds": Metric(
        "caseway_backlog_seconds", "gauge", "For how long the longest due look has been waiting."
    ),
    "owed": Metric("caseway_deliveries_owed", "gauge", "Replies that customers are still owed."),
    "parked": Metric(
        "caseway_parked", "gauge", "Conversations that wait for a person to replay them."
    ),
    "circuit_open": Metric(
        "caseway_circuit_open",
        "gauge",
        "1 while a Creatio instance is not called because it does not answer.",
        ("connection",),
    ),
}


class Metrics:
    """The meters of one process. One is made in `bootstrap` and handed to the rooms."""

    runs: "Counter"
    run_seconds: "Histogram"
    deliveries: "Counter"
    delivery_seconds: "Histogram"
    creatio_calls: "Counter"
    healed: "Counter"
    backlog: "Gauge"
    backlog_seconds: "Gauge"
    owed: "Gauge"
    parked: "Gauge"
    circuit_open: "Gauge"

    def __init__(self) -> None:
        import prometheus_client as prometheus

        self.registry: CollectorRegistry = prometheus.CollectorRegistry()
        prometheus.ProcessCollector(registry=self.registry)
        prometheus.PlatformCollector(registry=self.registry)
        for attribute, metric in METRICS.items():
            about = (metric.name, metric.about, metric.labels)
            meter: Counter | Gauge | Histogram
            match metric.kind:
                case "counter":
                    meter = prometheus.Counter(*about, registry=self.registry)
                case "gauge":
                    meter = prometheus.Gauge(*about, registry=self.registry)
                case "histogram":
                    meter = prometheus.Histogram(
                        *about, buckets=metric.buckets, registry=self.registry
                    )
            setattr(self, attribute, meter)

    def exposition(self) -> tuple[bytes, str]:
        """What a scrape gets, and its content type."""
        from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

        return generate_latest(self.registry), CONTENT_TYPE_LATEST
