"""The languages of the agents who read what we write into Creatio."""

from enum import StrEnum
from typing import assert_never

from caseway.domain.words import (
    dutch,
    english,
    french,
    german,
    italian,
    polish,
    portuguese,
    spanish,
    ukrainian,
)
from caseway.domain.words.texts import Texts


class Language(StrEnum):
    """By its code in BCP 47."""

    ENGLISH = "en"
    GERMAN = "de"
    SPANISH = "es"
    FRENCH = "fr"
    ITALIAN = "it"
    DUTCH = "nl"
    POLISH = "pl"
    PORTUGUESE = "pt"
    UKRAINIAN = "uk"


def texts_of(language: Language) -> Texts:
    match language:
        case Language.ENGLISH:
            return english.TEXTS
        case Language.GERMAN:
            return german.TEXTS
        case Language.SPANISH:
            return spanish.TEXTS
        case Language.FRENCH:
            return french.TEXTS
        case Language.ITALIAN:
            return italian.TEXTS
        case Language.DUTCH:
            return dutch.TEXTS
        case Language.POLISH:
            return polish.TEXTS
        case Language.PORTUGUESE:
            return portuguese.TEXTS
        case Language.UKRAINIAN:
            return ukrainian.TEXTS
        case unknown:
            assert_never(unknown)
