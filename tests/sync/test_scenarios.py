"""Each protection's story, on the code as it is."""

import pytest

from tests.stories import Story
from tests.sync.scenarios import SCENARIOS


@pytest.mark.parametrize("name", SCENARIOS)
async def test_it_ends_well(name: str, story: Story) -> None:
    await SCENARIOS[name](story)
