"""What agents read in Creatio, in Dutch."""

from typing import Final

from caseway.domain.words.texts import Texts

TEXTS: Final = Texts(
    name="Nederlands",
    customer="Klant",
    ai="AI",
    agent="Medewerker",
    visitor="Bezoeker",
    conversation="Gesprek via {channel}",
    written="Geschreven via {channel}. Gesprek {conversation}.",
    follows="Volgt op case {number}.",
    not_verified="Adres niet geverifieerd.",
    other_case="Dezelfde contactpersoon heeft ook case {number}, via een ander kanaal.",
    handed_off="Overgedragen aan een mens.",
    handed_off_by="Overgedragen door {name}.",
    handed_off_title="Caseway · overgedragen aan een mens",
    failed="Dit antwoord heeft de klant niet bereikt (opgegeven {time}): ‘{words}’.\n"
    "Reden: {reason}",
    failed_title="Caseway · een antwoord is niet bezorgd",
)
