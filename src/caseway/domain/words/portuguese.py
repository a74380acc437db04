"""What agents read in Creatio, in Portuguese."""

from typing import Final

from caseway.domain.words.texts import Texts

TEXTS: Final = Texts(
    name="Português",
    customer="Cliente",
    ai="IA",
    agent="Agente",
    visitor="Visitante",
    conversation="Conversa em {channel}",
    written="Escrito em {channel}. Conversa {conversation}.",
    follows="Segue-se ao caso {number}.",
    not_verified="Endereço não verificado.",
    other_case="A mesma pessoa também tem o caso {number}, em outro canal.",
    handed_off="Conversa transferida para uma pessoa.",
    handed_off_by="Conversa transferida por {name}.",
    handed_off_title="Caseway · transferida para uma pessoa",
    failed="Esta resposta não chegou ao cliente (última tentativa: {time}): “{words}”.\n"
    "Motivo: {reason}",
    failed_title="Caseway · uma resposta não foi entregue",
)
