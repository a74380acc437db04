"""The database knows by which key its secrets are read, so that a wrong one is noticed at once."""

from typing import TYPE_CHECKING, Final

from caseway.store.queries import load
from caseway.store.secrets import KeyTrouble, Secrets

if TYPE_CHECKING:
    from caseway.store.queries import Connection as Link

SQL: Final = load("installation")


async def claim(owner: "Link", secrets: Secrets) -> None:
    """Write down our key at the first start; from then on raise `KeyTrouble` if none fits."""
    await SQL["claim"].execute(owner, fingerprint=secrets.fingerprints[0])
    written_with = await SQL["fingerprint"].fetchval(owner)
    if written_with not in secrets.fingerprints:
        raise KeyTrouble(
            f"This database was written with the secret key {written_with}, and the one here is "
            f"{', '.join(secrets.fingerprints)}: no password and no token in it can be read, so "
            "nothing was started. Put the former key back, into CASEWAY_SECRET_KEYS or the secret "
            "key file (caseway config show names it)."
        )


async def name_key(owner: "Link", secrets: Secrets) -> None:
    """The newest key alone is needed from now on."""
    await SQL["name_key"].execute(owner, fingerprint=secrets.fingerprints[0])
