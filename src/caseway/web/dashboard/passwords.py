"""Hashing passwords: slow on purpose, so never more than two at a time and never in the loop."""

import asyncio
from functools import cached_property
from typing import TYPE_CHECKING, Final

from caseway.domain.secret import Secret

if TYPE_CHECKING:
    from argon2 import PasswordHasher

AT_ONCE: Final = 2
MEMORY_KIB: Final = 19 * 1024
PASSES: Final = 2


class Passwords:
    """Argon2id as OWASP's password storage cheat sheet has it: 19 MiB, 2 passes, 1 lane."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def hashed(self, password: Secret) -> Secret:
        async with self._slots:
            text = await asyncio.to_thread(self._hasher.hash, password.reveal())
        return Secret(text)

    async def fits(self, password: Secret, known: Secret | None) -> bool:
        """Whoever is not known costs as much time as who is."""
        async with self._slots:
            fits = await asyncio.to_thread(self._fits, password, known or self._nobodys)
        return fits and known is not None

    def _fits(self, password: Secret, known: Secret) -> bool:
        from argon2.exceptions import InvalidHashError, VerificationError

        try:
            return self._hasher.verify(known.reveal(), password.reveal())
        except (VerificationError, InvalidHashError):
            return False

    @cached_property
    def _hasher(self) -> "PasswordHasher":
        from argon2 import PasswordHasher  # only a process that somebody signs in to pays for it

        return PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=1)

    @cached_property
    def _nobodys(self) -> Secret:
        return Secret(self._hasher.hash("nobody's"))
