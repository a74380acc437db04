"""What may go wrong on request, how it is written on a command line, and the dice."""

import random
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any, Final

import msgspec

from creatio_sandbox.limits import Meter

DURATION: Final = re.compile(r"(-?\d+(?:\.\d+)?)(ms|s|m|h)?")
SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


Rate = Annotated[float, msgspec.Meta(ge=0, le=1)]
Length = Annotated[float, msgspec.Meta(ge=0)]
Count = Annotated[int, msgspec.Meta(ge=0)]


class Faults(msgspec.Struct, frozen=True, omit_defaults=False, forbid_unknown_fields=True):
    """Rates are from 0 to 1. All chance comes from `seed`."""

    seed: int = 0
    latency_ms: Length = 0  # before each answer
    errors: Rate = 0  # 500, 502 or 503 in place of the work
    after_commit: Rate = 0  # 500 after a write was done
    stalled: Rate = 0  # after a write was done no answer comes until the caller gives up
    answers_lost: Rate = 0  # the connection is cut after a write was done
    throttled: Rate = 0  # 429
    retry_after_s: Length = 1
    cut: Rate = 0  # the connection is cut before anything is done
    sessions_expired: Rate = 0  # this caller's session has ended
    token_rejected: Rate = 0  # this caller's token is not taken any more
    forbidden: Rate = 0  # 403 without a word, as for a stale BPMCSRF
    down_for_s: Length = 0  # from now: 503 to everything
    down_refuses: bool = False  # cut connections instead of 503
    clock_offset_s: float = 0  # Creatio's clock against ours
    late: Rate = 0  # a write whose commit comes `late_ms` after its ModifiedOn
    late_ms: Length = 500
    dropped: Rate = 0  # a webhook that is never sent
    drop_next: Count = 0  # the next n webhooks are never sent
    doubled: Rate = 0  # sent twice
    delayed: Rate = 0  # sent after `delayed_ms`
    delayed_ms: Length = 1000
    reordered: Rate = 0  # held back until another one has gone, at most `delayed_ms`
    clock_jumps: Rate = 0  # before a call the clock goes forth, back, or right again
    clock_jump_s: Length = 30
    maintenance_for_s: Length = 0  # from now: an HTML page with 200 to everything
    rebuilding_for_s: Length = 0  # from now: the model is being rebuilt, collections are 404
    daily_calls: Count = 0  # API calls a day and user, then 429; 0: no limit
    calls_per_second: Length = 0  # the same for a second
    processes_stopped: bool = False  # no process starts, ours or shipped
    swallow_unknown: bool = False  # PATCH with an unknown property: 204, and nothing is written
    whole_rows_broken: bool = False  # a read without $select: 500
    strict_csrf: bool = False  # reads want the BPMCSRF header as well

    @property
    def switched_on(self) -> tuple[str, ...]:
        """In words for the banner: those that differ from calm weather."""
        calm = Faults(seed=self.seed)
        return tuple(
            f"{name.removesuffix('_ms').removesuffix('_s').replace('_', ' ')} {_said(name, value)}"
            for name in self.__struct_fields__
            if (value := getattr(self, name)) != getattr(calm, name)
        )


COUNTS: Final = {"seed", "drop_next", "daily_calls", "calls_per_second"}


def _said(name: str, value: Any) -> str:
    if value is True:
        return "on"
    unit = " ms" if name.endswith("_ms") else " s" if name.endswith("_s") else ""
    is_rate = not unit and name not in COUNTS
    return f"{value:.0%}" if is_rate else f"{value:g}{unit}"


class BadFault(ValueError):
    """A fault nobody knows, or a value that it cannot have."""


def _number(name: str, field_name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if value.lower() in {"true", "on", "false", "off"}:
        return value.lower() in {"true", "on"}
    found = DURATION.fullmatch(value.strip())
    if found is None:
        raise BadFault(f"Fault '{name}': '{value}' is neither a number nor a time such as 50ms.")
    number, unit = float(found[1]), found[2]
    if unit is None:
        return int(number) if field_name in COUNTS - {"calls_per_second"} else number
    if not field_name.endswith(("_ms", "_s")):
        raise BadFault(f"Fault '{name}' takes a rate from 0 to 1, not a time.")
    return number * SECONDS[unit] * (1000 if field_name.endswith("_ms") else 1)


def read_faults(given: Mapping[str, Any], onto: Faults | None = None) -> Faults:
    """Names may leave out their unit: `latency`, `down_for`; such a value may carry one: "50ms"."""
    chosen = msgspec.to_builtins(onto or Faults())
    for name, value in given.items():
        for field_name in (name, f"{name}_ms", f"{name}_s"):
            if field_name in Faults.__struct_fields__:
                chosen[field_name] = _number(name, field_name, value)
                break
        else:
            known = ", ".join(Faults.__struct_fields__)
            raise BadFault(f"There is no fault '{name}'. Known are: {known}.")
    try:
        return msgspec.convert(chosen, Faults)
    except msgspec.ValidationError as failure:
        raise BadFault(str(failure)) from None


def read_spec(text: str) -> Faults:
    """`errors=0.2,latency=50ms,seed=1`"""
    pairs = (part.partition("=") for part in text.split(",") if part.strip())
    return read_faults({name.strip(): value.strip() for name, _, value in pairs})


@dataclass(slots=True)
class Weather:
    """The faults of now. Each kind has dice of its own, so that one does not move another."""

    faults: Faults = field(default_factory=Faults)
    meter: Meter = field(default_factory=Meter)
    _since: float = 0.0
    _dice: dict[str, random.Random] = field(default_factory=dict)

    def change(self, faults: Faults) -> None:
        self.faults = faults
        self._dice.clear()
        self.meter.clear()
        self._since = time.monotonic()

    @property
    def is_down(self) -> bool:
        return self._lasts(self.faults.down_for_s)

    @property
    def is_in_maintenance(self) -> bool:
        return self._lasts(self.faults.maintenance_for_s)

    @property
    def is_rebuilding(self) -> bool:
        return self._lasts(self.faults.rebuilding_for_s)

    def _lasts(self, seconds: float) -> bool:
        return seconds > 0 and time.monotonic() < self._since + seconds

    def clock_offset(self) -> timedelta | None:
        """Where the clock jumps to before this call. None: it stays."""
        if not self.strikes("clock_jumps"):
            return None
        way = self.choose("clock_jumps", (-1, 0, 1))
        return timedelta(seconds=self.faults.clock_offset_s + way * self.faults.clock_jump_s)

    def strikes(self, kind: str) -> bool:
        rate: float = getattr(self.faults, kind)
        return rate > 0 and self._die(kind).random() < rate

    def choose(self, kind: str, among: tuple[int, ...]) -> int:
        return self._die(f"{kind}:which").choice(among)

    def drops_next(self) -> bool:
        if self.faults.drop_next <= 0:
            return False
        self.faults = msgspec.structs.replace(self.faults, drop_next=self.faults.drop_next - 1)
        return True

    def _die(self, kind: str) -> random.Random:
        if kind not in self._dice:
            self._dice[kind] = random.Random(f"{self.faults.seed}:{kind}")  # noqa: S311
        return self._dice[kind]
