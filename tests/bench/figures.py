"""What a bench found: figures, their goals, and the command that finds them again."""

import json
import operator
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Final, Literal

Bound = Literal["at least", "at most"]
HOLDS: Final[dict[str, Callable[[float, float], bool]]] = {
    "at least": operator.ge,
    "at most": operator.le,
}


@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    value: float
    unit: str = ""
    bound: Bound | None = None
    goal: float | None = None

    @property
    def met(self) -> bool | None:
        """None: there is no goal."""
        if self.bound is None or self.goal is None:
            return None
        return HOLDS[self.bound](self.value, self.goal)

    def __str__(self) -> str:
        line = f"  {self.name:<58} {_short(self.value):>9} {self.unit:<6}"
        if self.met is None or self.goal is None:
            return line.rstrip()
        word = "met" if self.met else "NOT MET"
        return f"{line} {self.bound} {_short(self.goal)}: {word}"


@dataclass(frozen=True, slots=True)
class Report:
    """One bench's outcome. `skipped` says why there are no figures."""

    bench: str
    setup: str
    figures: Sequence[Figure] = ()
    notes: Sequence[str] = ()
    skipped: str = ""
    quick: bool = False
    command: str = field(init=False)

    def __post_init__(self) -> None:
        quick = " --quick" if self.quick else ""
        object.__setattr__(self, "command", f"./dev bench {self.bench}{quick}")

    def text(self) -> str:
        lines = [f"{self.bench}: {self.setup}", f"  again by: {self.command}"]
        if self.skipped:
            lines.append(f"  skipped: {self.skipped}")
        lines += map(str, self.figures)
        lines += [f"  {note}" for note in self.notes]
        return "\n".join(lines)


def as_json(reports: Sequence[Report], machine: str) -> str:
    told = [
        {**asdict(one), "figures": [{**asdict(f), "met": f.met} for f in one.figures]}
        for one in reports
    ]
    return json.dumps({"machine": machine, "benches": told}, indent=2)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of them (0 to 1) do not exceed; there must be one."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def _short(value: float) -> str:
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
