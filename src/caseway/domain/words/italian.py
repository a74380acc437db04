"""What agents read in Creatio, in Italian."""

from typing import Final

from caseway.domain.words.texts import Texts

TEXTS: Final = Texts(
    name="Italiano",
    customer="Cliente",
    ai="IA",
    agent="Operatore",
    visitor="Visitatore",
    conversation="Conversazione su {channel}",
    written="Scritto su {channel}. Conversazione {conversation}.",
    follows="Fa seguito al caso {number}.",
    not_verified="Indirizzo non verificato.",
    other_case="Lo stesso contatto ha anche il caso {number}, su un altro canale.",
    handed_off="Conversazione passata a una persona.",
    handed_off_by="Conversazione passata da {name} a una persona.",
    handed_off_title="Caseway · passata a una persona",
    failed="Questa risposta non è arrivata al cliente (ultimo tentativo: {time}): «{words}».\n"
    "Motivo: {reason}",
    failed_title="Caseway · una risposta non è stata consegnata",
)
