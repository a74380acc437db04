"""Why something does not work, as it was noted: what we may repeat of it."""

import re
from typing import Final

_QUOTING: Final = re.compile(r"(answered \d{3}): .*", re.DOTALL)


def own_words(trouble: str) -> str:
    """Without what a foreign body said, which follows the status after a colon."""
    return _QUOTING.sub(r"\1", trouble)
