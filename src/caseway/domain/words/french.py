"""What agents read in Creatio, in French."""

from typing import Final

from caseway.domain.words.texts import Texts

TEXTS: Final = Texts(
    name="Français",
    customer="Client",
    ai="IA",
    agent="Agent",
    visitor="Visiteur",
    conversation="Conversation sur {channel}",
    written="Écrit sur {channel}. Conversation {conversation}.",
    follows="Fait suite au dossier {number}.",
    not_verified="Adresse non vérifiée.",
    other_case="Le même contact a aussi le dossier {number}, sur un autre canal.",
    handed_off="Conversation transmise à une personne.",
    handed_off_by="Conversation transmise par {name}.",
    handed_off_title="Caseway · transmise à une personne",
    failed="Cette réponse n’est pas parvenue au client (abandon {time})\u00a0: "
    "«\u00a0{words}\u00a0».\nMotif\u00a0: {reason}",
    failed_title="Caseway · une réponse n’a pas été remise",
)
