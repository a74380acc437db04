"""The getting-started strip: five steps, shown until they are done or put away."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from caseway.domain.ids import OrganisationId
from caseway.ports import Setup

STEPS: Final = (
    ("Connect Creatio", "/settings/ticketing"),
    ("Let Creatio call Caseway", "/settings/integrations/creatio"),
    ("Choose what is a reply", "/settings/reply-rule"),
    ("Open a channel", "/settings/channels"),
    ("See it go round", "/inbox"),
)


@dataclass(frozen=True, slots=True)
class Step:
    number: int
    label: str
    href: str
    is_done: bool
    is_next: bool  # the first that is not done


async def steps(setup: Setup, organisation: OrganisationId) -> Sequence[Step]:
    """None once they are over."""
    progress = await setup.progress(organisation)
    if progress.is_over:
        return ()
    following = progress.steps.index(False)
    return [
        Step(position + 1, label, href, progress.steps[position], position == following)
        for position, (label, href) in enumerate(STEPS)
    ]
