"""What a password has to be, and how strong it is, in words."""

from dataclasses import dataclass
from typing import Final

SHORTEST: Final = 12
LONGEST: Final = 256  # more is no safer, and hashing it costs us
STRONG: Final = 18
FEWEST_SIGNS: Final = 5
SIGNS_OF_A_STRONG_ONE: Final = 8
# Long enough, and still among the first that anyone tries.
KNOWN: Final = frozenset(
    {
        "123456789012",
        "1234567890123456",
        "administrator",
        "adminadminadmin",
        "changeme1234",
        "correcthorsebatterystaple",
        "iloveyouiloveyou",
        "letmeinletmein",
        "password1234",
        "password12345",
        "passwordpassword",
        "qwertyuiop12",
        "qwertyuiopasdf",
        "qwertyqwerty",
        "welcome12345",
    }
)


@dataclass(frozen=True, slots=True)
class Accepted:
    words: str


@dataclass(frozen=True, slots=True)
class TooWeak:
    words: str


def judge(password: str, *, email: str = "", name: str = "") -> Accepted | TooWeak:
    if len(password) < SHORTEST:
        missing = SHORTEST - len(password)
        return TooWeak(f"Too short: {missing} more character{'s' * (missing > 1)}.")
    if len(password) > LONGEST:
        return TooWeak(f"Too long: at most {LONGEST} characters.")
    plain = password.lower()
    if plain in KNOWN or len(set(plain)) < FEWEST_SIGNS:
        return TooWeak("Easily guessed: choose something that is yours alone.")
    if any(own in plain for own in _own_words(email, name)):
        return TooWeak("It contains your name or address: leave them out.")
    if len(password) >= STRONG and len(set(plain)) >= SIGNS_OF_A_STRONG_ONE:
        return Accepted("Strong.")
    return Accepted("Good. A longer one is stronger.")


def _own_words(email: str, name: str) -> list[str]:
    words = [email.lower(), *email.lower().split("@")[:1], *name.lower().split()]
    return [word for word in words if len(word) >= 4]
