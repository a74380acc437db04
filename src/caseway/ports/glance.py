"""What every page says at the foot of its side bar: is everything moving?"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from caseway.domain.ids import OrganisationId


@dataclass(frozen=True, slots=True)
class Glanced:
    organisation: str  # its name
    connections: int
    troubled: int  # connections that Creatio does not answer, or refuses
    unproven: int  # connections that never answered yet
    channels: int
    heard_channels: int  # channels on which a customer ever wrote
    waiting_channels: int  # channels that took no reply at the last attempt
    owed: int  # replies not yet handed over; at most `counted_up_to`
    counted_up_to: int
    oldest_owed_at: datetime | None  # of those counted


class Glances(Protocol):
    async def glance(self, organisation: OrganisationId) -> Glanced:
        """One cheap look, whatever the history. Raises `Later`."""
