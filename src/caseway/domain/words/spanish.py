"""What agents read in Creatio, in Spanish."""

from typing import Final

from caseway.domain.words.texts import Texts

TEXTS: Final = Texts(
    name="Español",
    customer="Cliente",
    ai="IA",
    agent="Agente",
    visitor="Visitante",
    conversation="Conversación en {channel}",
    written="Escrito en {channel}. Conversación {conversation}.",
    follows="Sigue al caso {number}.",
    not_verified="Dirección sin verificar.",
    other_case="El mismo contacto tiene también el caso {number}, en otro canal.",
    handed_off="Conversación transferida a una persona.",
    handed_off_by="Conversación transferida por {name}.",
    handed_off_title="Caseway · transferida a una persona",
    failed="Esta respuesta no llegó al cliente (último intento: {time}): «{words}».\n"
    "Motivo: {reason}",
    failed_title="Caseway · una respuesta no se entregó",
)
