"""What a person types to find a conversation, and the keys it is found by.

Every key is found by its beginning: a range of an index, so a search costs the same whatever is
stored. The words inside a message are no key.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final
from uuid import UUID

LONGEST: Final = 200  # characters that are looked at
SHORTEST_ID: Final = 6  # digits, as pages show them
SHORTEST_PHONE: Final = 3
LAST: Final = "\U0010ffff"  # nothing sorts behind it
PHONE: Final = re.compile(r"\+?[\d\s().\-/]+")
WORD: Final = re.compile(r"\w+")
MOST_WORDS: Final = 12  # of a name, by which it is found
HEX: Final = re.compile(rf"[0-9a-f]{{{SHORTEST_ID},32}}")
NOWHERE: Final = ("", "")
NO_ID: Final = (UUID(int=1), UUID(int=0))


def folded(text: str) -> str:
    """Without accents and capitals, one blank between words: “Tomasz  Wójcik” → “tomasz wojcik”."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return " ".join(bare.split())


def later_words(name: str) -> list[str]:
    """The words of a name but the first, folded, each once; a hyphen divides words."""
    found = WORD.findall(folded(name))
    return sorted(set(found[1 : MOST_WORDS + 1]))


@dataclass(frozen=True, slots=True)
class Sought:
    """The ranges that a search looks through: from the first, up to but without the second."""

    name: tuple[str, str]
    word: tuple[str, str]  # of a name's later words: the longest that was typed
    words: tuple[str, ...]  # which all stand in the name then
    email: tuple[str, str]
    phone: tuple[str, str]
    number: tuple[str, str]  # of a case
    id: tuple[UUID, UUID]  # of a conversation, both ends included


def sought(text: str) -> Sought | None:
    """None: nothing was typed."""
    typed = " ".join(text[:LONGEST].replace("\0", "").split())
    if not typed:
        return None
    words = WORD.findall(folded(typed))
    return Sought(
        name=_from(folded(typed)),
        word=_from(max(words, key=len, default="")),
        words=tuple(words),
        email=_from(typed.lower()),
        phone=_from(_phone(typed)),
        number=_from(typed.upper()),
        id=_ids(typed),
    )


def _from(beginning: str) -> tuple[str, str]:
    return (beginning, beginning + LAST) if beginning else NOWHERE


def _phone(typed: str) -> str:
    """As numbers are kept: a plus, then the digits."""
    digits = re.sub(r"\D", "", typed)
    if not PHONE.fullmatch(typed) or len(digits) < SHORTEST_PHONE:
        return ""
    return f"+{digits.removeprefix('00')}"


def _ids(typed: str) -> tuple[UUID, UUID]:
    digits = typed.lower().strip("{}").replace("-", "")
    if not HEX.fullmatch(digits):
        return NO_ID
    return UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
