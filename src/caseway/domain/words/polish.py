"""What agents read in Creatio, in Polish."""

from typing import Final

from caseway.domain.words.texts import Texts

TEXTS: Final = Texts(
    name="Polski",
    customer="Klient",
    ai="AI",
    agent="Konsultant",
    visitor="Gość",
    conversation="Rozmowa na kanale {channel}",
    written="Napisano na kanale {channel}. Rozmowa {conversation}.",
    follows="Ciąg dalszy zgłoszenia {number}.",
    not_verified="Adres niezweryfikowany.",
    other_case="Ten sam kontakt ma też zgłoszenie {number}, na innym kanale.",
    handed_off="Rozmowę przekazano człowiekowi.",
    handed_off_by="Rozmowę przekazuje {name}.",
    handed_off_title="Caseway · przekazano człowiekowi",
    failed="Ta odpowiedź nie dotarła do klienta (ostatnia próba: {time}): „{words}”.\n"
    "Powód: {reason}",
    failed_title="Caseway · nie dostarczono odpowiedzi",
)
