"""What agents read in Creatio, in German."""

from typing import Final

from caseway.domain.words.texts import Texts

TEXTS: Final = Texts(
    name="Deutsch",
    customer="Kunde",
    ai="KI",
    agent="Mitarbeiter",
    visitor="Besucher",
    conversation="Unterhaltung über {channel}",
    written="Geschrieben über {channel}. Unterhaltung {conversation}.",
    follows="Folgt auf Fall {number}.",
    not_verified="Adresse nicht bestätigt.",
    other_case="Derselbe Kontakt hat auch Fall {number}, über einen anderen Kanal.",
    handed_off="An einen Menschen übergeben.",
    handed_off_by="Übergeben von {name}.",
    handed_off_title="Caseway · an einen Menschen übergeben",
    failed="Diese Antwort hat den Kunden nicht erreicht (aufgegeben {time}): „{words}“.\n"
    "Grund: {reason}",
    failed_title="Caseway · eine Antwort wurde nicht zugestellt",
)
