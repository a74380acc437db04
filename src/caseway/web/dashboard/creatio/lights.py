"""The waiting lights: one for each event type, green from its first arrival on. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from caseway.domain.guide import CASE_CLOSED, CASE_UPDATED, NEW_ACTIVITY
from caseway.ports import Arrived

TRY: Final = {
    NEW_ACTIVITY: "Answer any case that Caseway opened.",
    CASE_CLOSED: "Resolve any case that Caseway opened.",
    CASE_UPDATED: "Reserved. Acknowledged without action if it comes.",
}


@dataclass(frozen=True, slots=True)
class Light:
    """`is_lit`: it arrives by the URL of now. `elsewhere`: it came last by an earlier URL."""

    type: str
    is_lit: bool
    is_needed: bool
    first_at: datetime | None
    last_at: datetime | None
    calls: int
    without_case: int
    elsewhere: datetime | None
    tries: str

    @property
    def has_no_case(self) -> bool:
        """Every call so far came without its case: a parameter is not linked."""
        return self.calls > 0 and self.without_case == self.calls


def lights(arrived: Collection[Arrived], current: str) -> Sequence[Light]:
    """`current`: the public name of the token in use."""
    return [_light(kind, arrived, current) for kind in (NEW_ACTIVITY, CASE_CLOSED, CASE_UPDATED)]


def _light(kind: str, arrived: Collection[Arrived], current: str) -> Light:
    found = [one for one in arrived if one.type == kind and one.calls > one.rejected]
    here = [one for one in found if one.token_name == current]
    return Light(
        type=kind,
        is_lit=bool(here),
        is_needed=kind != CASE_UPDATED,
        first_at=min((one.first_at for one in found), default=None),
        last_at=max((one.last_at for one in found), default=None),
        calls=sum(one.calls - one.rejected for one in found),
        without_case=sum(one.without_case for one in found),
        elsewhere=None if here else max((one.last_at for one in found), default=None),
        tries=TRY[kind],
    )


def unreadable(arrived: Collection[Arrived]) -> int:
    """Calls with a right token that nobody could read."""
    return sum(one.rejected for one in arrived)
