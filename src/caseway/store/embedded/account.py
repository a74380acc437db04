"""Whose account PostgreSQL runs under: our own, or, since it refuses root, `nobody`'s."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypedDict

from caseway.store.embedded.binaries import CannotStart

BORROWED: Final = "nobody"
REACHABLE: Final = "/var/lib/caseway"


class Identity(TypedDict, total=False):
    """What `subprocess` needs to start a program under another account."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Account:
    ours: str  # the name under which Caseway itself runs
    user: int
    group: int
    borrowed: bool

    @property
    def identity(self) -> Identity:
        if not self.borrowed:
            return {}
        return {"user": self.user, "group": self.group, "extra_groups": []}

    def give(self, path: Path) -> None:
        """Make the server's account the owner of `path`."""
        if self.borrowed:
            os.chown(path, self.user, self.group)


def for_server() -> Account:
    """The account under which this process may run a PostgreSQL."""
    us = os.geteuid()
    try:
        ours = pwd.getpwuid(us)
        theirs = ours if us else pwd.getpwnam(BORROWED)
    except KeyError:
        who = f"user id {us}" if us else f'account "{BORROWED}"'
        raise CannotStart(
            f"The embedded PostgreSQL needs an entry for the {who} in the system's list of "
            "users: add one, or set CASEWAY_DATABASE_URL."
        ) from None
    return Account(ours.pw_name, theirs.pw_uid, theirs.pw_gid, borrowed=us == 0)


def claim(folder: Path, account: Account) -> None:
    """Make sure that the data folder exists, is ours, and can be entered by the server."""
    if not folder.exists():
        folder.mkdir(parents=True)
        folder.chmod(0o711 if account.borrowed else 0o700)
    owner = folder.stat().st_uid
    if owner != os.geteuid():
        try:
            name = pwd.getpwuid(owner).pw_name
        except KeyError:
            name = f"user id {owner}"
        raise CannotStart(f"The data folder {folder} belongs to {name}: run Caseway as {name}.")
    if not account.borrowed:
        return
    for step in (*reversed(folder.parents), folder):
        if not _may_enter(step, account):
            raise CannotStart(
                f"As root, PostgreSQL runs as {BORROWED}, which may not enter {step}: "
                f"use a data folder such as {REACHABLE}, run Caseway as another user, "
                "or set CASEWAY_DATABASE_URL."
            )


def _may_enter(folder: Path, account: Account) -> bool:
    found = folder.stat()
    if found.st_uid == account.user:
        return bool(found.st_mode & 0o100)
    if found.st_gid == account.group:
        return bool(found.st_mode & 0o010)
    return bool(found.st_mode & 0o001)
