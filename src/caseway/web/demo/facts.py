"""What the demo page needs to know of its surroundings; `caseway demo` writes it into a file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self
from uuid import UUID

import msgspec

from caseway.domain.ids import ChannelId, OrganisationId
from caseway.domain.secret import Secret


@dataclass(frozen=True, slots=True)
class DemoFacts:
    organisation: OrganisationId
    widget_channel: ChannelId
    owner: UUID  # who the demo's dashboard is opened as
    owner_email: str
    sandbox_url: str  # of the sandbox's own controls, such as /sandbox/faults
    desk_url: str  # the agent desk, for a frame
    sandbox_user: str  # who may use the sandbox's controls
    sandbox_password: Secret

    @classmethod
    def read(cls, path: Path) -> Self:
        """Raises `OSError` or `ValueError`."""
        found = msgspec.json.decode(path.read_bytes())
        return cls(
            organisation=OrganisationId(UUID(found["organisation"])),
            widget_channel=ChannelId(UUID(found["widget_channel"])),
            owner=UUID(found["owner"]),
            owner_email=found["owner_email"],
            sandbox_url=found["sandbox_url"],
            desk_url=found["desk_url"],
            sandbox_user=found["sandbox_user"],
            sandbox_password=Secret(found["sandbox_password"]),
        )
