"""Others' addresses in lists: enough to tell two apart, too little to write to."""

import re
from typing import Final

from caseway.web.widget.identity import ANONYMOUS

HIDDEN: Final = "••••"
NUMBER: Final = re.compile(r"\+?[\d\s().\-/]{7,}")
VISITOR: Final = "Visitor"
SHORT: Final = 5  # characters, of which nothing is shown


def masked(address: str) -> str:
    """`ines@example.com` → `i••••@example.com`, `+351915550204` → `+35191••••204`."""
    local, at, domain = address.rpartition("@")
    if at and local:
        return f"{local[:1]}{HIDDEN}@{domain}"
    if NUMBER.fullmatch(address):
        return f"{address[:6]}{HIDDEN}{address[-3:]}"
    return HIDDEN if len(address) <= SHORT else f"{address[:3]}{HIDDEN}{address[-2:]}"


def called(name: str, email: str, phone: str, address: str) -> str:
    """What a list calls somebody: their name, else as much of an address as may be shown."""
    if name or email or phone or not address.startswith(ANONYMOUS):
        return name or masked(email or phone or address)
    return VISITOR


def frozen(address: str) -> str:
    """Where replies go, in words: a browser's own session is an address to nobody else."""
    return "the visitor's own browser" if address.startswith(ANONYMOUS) else address
