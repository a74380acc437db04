"""A strip of bars: how many events came when, by outcome. Pure; the page draws it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from caseway.domain.adoption import Outcome
from caseway.ports.event_log import Strip

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
WIDTHS: Final = (
    *(n * MINUTE for n in (1, 5, 15, 30)),
    *(n * HOUR for n in (1, 3, 6, 12)),
    *(n * DAY for n in (1, 2, 7)),
)
MOST_BARS: Final = 75
MINUTES_KEPT: Final = timedelta(hours=47)  # older spans are drawn by the hour
# From below: what is fine stands on the ground, what a person must see on top.
KINDS: Final[Sequence[tuple[str, str, frozenset[Outcome]]]] = (
    ("accepted", "Accepted", frozenset({Outcome.ACCEPTED})),
    ("quiet", "Ignored or nothing new", frozenset({Outcome.IGNORED, Outcome.NOTHING_NEW})),
    ("healed", "Healed", frozenset({Outcome.HEALED})),
    ("rejected", "Rejected", frozenset({Outcome.REJECTED})),
)
HEIGHT: Final = 72  # of the tallest bar, in the drawing's units
LEAST: Final = 2  # of a part that is there at all
BAR: Final = 10
GAP: Final = 2


@dataclass(frozen=True, slots=True)
class Span:
    """Where a strip begins and ends, and how much time one bar holds."""

    since: datetime
    until: datetime
    bar: timedelta

    @property
    def width_in_words(self) -> str:
        if self.bar < HOUR:
            return f"{self.bar // MINUTE} min"
        if self.bar < DAY:
            return f"{self.bar // HOUR} h"
        return "day" if self.bar == DAY else f"{self.bar // DAY} days"


@dataclass(frozen=True, slots=True)
class Piece:
    kind: str
    x: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    since: datetime
    until: datetime
    counts: dict[str, int]  # by kind
    pieces: tuple[Piece, ...]
    x: int


@dataclass(frozen=True, slots=True)
class Drawn:
    span: Span
    bars: tuple[Bar, ...]
    totals: dict[str, int]  # by kind
    width: int
    through: datetime  # up to when the counts are whole

    @property
    def events(self) -> int:
        return sum(self.totals.values())

    @property
    def whole(self) -> bool:
        return self.through >= self.span.until

    @property
    def busiest(self) -> Bar | None:
        full = [bar for bar in self.bars if bar.counts]
        return max(full, key=lambda bar: sum(bar.counts.values()), default=None)


def span_of(since: datetime, until: datetime, *, now: datetime, zone: tzinfo = UTC) -> Span:
    """The narrowest bars that a page has room for; they begin on the clock's own marks, as the
    zone had it at their beginning.
    """
    until = max(until, since + MINUTE)
    since = max(since, until - MOST_BARS * WIDTHS[-1])  # longer than any event is kept
    least = MINUTE if since > now - MINUTES_KEPT else HOUR
    width = next((w for w in WIDTHS if w >= least and (until - since) / w <= MOST_BARS), WIDTHS[-1])
    # Whole hours of it: counts are kept by the hour of UTC, and bars may not cut one in two.
    offset = (since.astimezone(zone).utcoffset() or timedelta()) // HOUR * HOUR
    epoch = datetime(2024, 1, 1, tzinfo=UTC) - offset  # a Monday
    first = epoch + (since - epoch) // width * width
    bars = -(-(until - first) // width)
    return Span(first, first + bars * width, width)


def draw(span: Span, strip: Strip) -> Drawn:
    bars: dict[datetime, dict[str, int]] = {}
    totals = {kind: 0 for kind, _, _ in KINDS}
    kind_of = {outcome: kind for kind, _, outcomes in KINDS for outcome in outcomes}
    for one in strip.counts:
        kind = kind_of[one.outcome]
        counts = bars.setdefault(one.at, {})
        counts[kind] = counts.get(kind, 0) + one.events
        totals[kind] += one.events
    tallest = max((sum(counts.values()) for counts in bars.values()), default=1)
    many = (span.until - span.since) // span.bar
    return Drawn(
        span=span,
        bars=tuple(
            _bar(span, number, bars.get(span.since + number * span.bar, {}), tallest)
            for number in range(many)
        ),
        totals=totals,
        width=many * (BAR + GAP),
        through=strip.through,
    )


def _bar(span: Span, number: int, counts: dict[str, int], tallest: int) -> Bar:
    x, ground = number * (BAR + GAP), float(HEIGHT)
    pieces = []
    for kind, _, _ in KINDS:
        if many := counts.get(kind, 0):
            height = max(round(many / tallest * HEIGHT, 1), LEAST)
            ground = round(ground - height, 1)
            pieces.append(Piece(kind, x, ground, height))
    since = span.since + number * span.bar
    return Bar(since, since + span.bar, counts, tuple(pieces), x)
