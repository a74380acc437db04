"""What agents read in Creatio, in Ukrainian."""

from typing import Final

from caseway.domain.words.texts import Texts

TEXTS: Final = Texts(
    name="Українська",
    customer="Клієнт",
    ai="ШІ",
    agent="Оператор",
    visitor="Відвідувач",
    conversation="Розмова в каналі {channel}",
    written="Написано в каналі {channel}. Розмова {conversation}.",
    follows="Продовження звернення {number}.",
    not_verified="Адресу не підтверджено.",
    other_case="Цей самий контакт має також звернення {number}, в іншому каналі.",
    handed_off="Розмову передано людині.",
    handed_off_by="Розмову передає {name}.",
    handed_off_title="Caseway · передано людині",
    failed="Ця відповідь не дійшла до клієнта (остання спроба: {time}): «{words}».\n"
    "Причина: {reason}",
    failed_title="Caseway · відповідь не доставлено",
)
