"""Secrets at rest: encrypted with the newest key, readable with any that we still have."""

import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Self
from uuid import uuid4

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from caseway.domain.secret import Secret

KEY_FILE: Final = "secret.key"


class KeyTrouble(Exception):
    """The secret keys cannot be used; the text says why, and shows no key."""


class Secrets:
    """Encrypts with the first key; `keys` are newest first, each 32 bytes in base64."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise KeyTrouble("CASEWAY_SECRET_KEYS names no key.")
        fernets: list[Fernet] = []
        for position, key in enumerate(keys, start=1):
            try:
                fernets.append(Fernet(key.strip()))
            except ValueError:
                raise KeyTrouble(
                    f"Secret key {position} of {len(keys)} is not 32 bytes in URL-safe base64. "
                    "Copy it whole from where it was made; a new one for a new database is "
                    "printed by: head -c 32 /dev/urandom | base64 | tr +/ -_"
                ) from None
        self._fernet = MultiFernet(fernets)
        self.fingerprints: Final = tuple(fingerprint(key) for key in keys)

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """The keys in `path`, one a line, newest first; the file is made if it is missing.

        Raises also `OSError`.
        """
        if not path.exists():
            _write_new_key(path)
        found = path.stat()
        if found.st_mode & 0o077:
            raise KeyTrouble(f"{path} can be read by others: chmod 600 {path}")
        try:
            keys = path.read_text(encoding="ascii").split()
        except UnicodeDecodeError:
            raise KeyTrouble(f"{path} holds no key: put the key back that was in it.") from None
        if not keys:
            raise KeyTrouble(f"{path} is empty: put the key back that was in it.")
        return cls(keys)

    def encrypt(self, text: str | Secret) -> bytes:
        plain = text.reveal() if isinstance(text, Secret) else text
        return self._fernet.encrypt(plain.encode())

    def decrypt(self, token: bytes) -> Secret:
        """Raises `KeyTrouble` if it was written with a key that is not here."""
        try:
            return Secret(self._fernet.decrypt(token).decode())
        except InvalidToken:
            raise self._unreadable() from None

    def rotate(self, token: bytes) -> bytes:
        """The same secret under the newest key. Raises `KeyTrouble`."""
        try:
            return self._fernet.rotate(token)
        except InvalidToken:
            raise self._unreadable() from None

    def _unreadable(self) -> KeyTrouble:
        return KeyTrouble(
            "A secret in the database was written with a key other than "
            f"{', '.join(self.fingerprints)}, or was altered: put the former key back behind "
            "the newest in CASEWAY_SECRET_KEYS or secret.key."
        )

    def __repr__(self) -> str:
        return f"Secrets({', '.join(self.fingerprints)})"


def new_key() -> str:
    return Fernet.generate_key().decode()


def fingerprint(key: str) -> str:
    """Names a key without telling anything of it."""
    return hashlib.sha256(b"caseway key " + key.strip().encode()).hexdigest()[:12]


def open_secrets(keys: Sequence[str], folder: Path) -> Secrets:
    """With the configured keys, or without any with those of the data folder's key file."""
    return Secrets(keys) if keys else Secrets.from_file(folder / KEY_FILE)


def _write_new_key(path: Path) -> None:
    """Whole or not at all, and once: of two processes that start together one wins."""
    draft = path.with_name(f".{path.name}.{uuid4()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        try:
            os.write(handle, f"{new_key()}\n".encode())
            os.fsync(handle)
        finally:
            os.close(handle)
        # CRASH HERE: a draft remains that nobody reads; the next start writes another key.
        with suppress(FileExistsError):  # the other one's key is the key
            os.link(draft, path)
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
