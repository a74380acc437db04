"""How we write into one Creatio: each text, put together."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final, assert_never

from caseway.domain import zones
from caseway.domain.conversation import Author, MessageKind, Own
from caseway.domain.words.language import Language, texts_of
from caseway.domain.words.texts import Texts

OURS: Final = "Caseway"  # how we sign, in every language
TITLE_LENGTH: Final = 500
FIRST_WORDS: Final = 60
SUBJECT_WORDS: Final = 120
QUOTED_WORDS: Final = 200


def first_words(text: str, length: int = FIRST_WORDS) -> str:
    """The text's beginning on one line, cut at a word."""
    line = " ".join(text.split())
    if len(line) <= length:
        return line
    cut = line[: length - 1]
    return (cut[: cut.rfind(" ")] if " " in cut[length // 2 :] else cut) + "…"


@dataclass(frozen=True, slots=True)
class Writing:
    language: Language
    zone: tzinfo

    @property
    def texts(self) -> Texts:
        return texts_of(self.language)

    def activity_title(self, own: Own) -> str:
        match own.kind:
            case MessageKind.FAILURE:
                return self.texts.failed_title
            case MessageKind.HANDOFF:
                return self.texts.handed_off_title
            case MessageKind.TEXT | MessageKind.CLOSING:
                at = own.written_at.astimezone(self.zone)
                title = f"{self._who(own.author)} · {at:%H:%M} · {first_words(own.text)}"
                return title[:TITLE_LENGTH]
            case unknown:
                assert_never(unknown)

    def activity_text(self, own: Own, preface: str = "") -> str:
        said = self._note(own) if own.kind is MessageKind.HANDOFF else own.text
        return f"{preface}\n\n{said}" if preface else said

    def _note(self, own: Own) -> str:
        """Of a hand-off: who did it, if it was a person here, and what they noted."""
        if not own.author_name:
            return own.text or self.texts.handed_off
        by = self.texts.handed_off_by.format(name=own.author_name)
        return f"{by}\n\n{own.text}" if own.text else by

    def _who(self, author: Author) -> str:
        match author:
            case Author.CONTACT:
                return self.texts.customer
            case Author.AI:
                return self.texts.ai
            case Author.AGENT:
                return self.texts.agent
            case Author.SYSTEM:
                return OURS
            case unknown:
                assert_never(unknown)

    def contact_name(self, *known: str) -> str:
        """The first of what is known of them."""
        return next(filter(None, map(str.strip, known)), self.texts.visitor)

    def case_subject(self, words: str, channel: str) -> str:
        alone = self.texts.conversation.format(channel=channel)
        return first_words(words, SUBJECT_WORDS) or alone

    def preface(self, *, verified: bool, has_address: bool, other_number: str) -> str:
        """What the first activity of a case says before the customer's own words."""
        lines: list[str] = []
        if has_address and not verified:
            lines.append(self.texts.not_verified)
        if other_number:
            lines.append(self.texts.other_case.format(number=other_number))
        return "\n".join(lines)

    def case_description(
        self, words: str, channel: str, conversation: str, earlier_number: str
    ) -> str:
        lines = [words.strip()] if words.strip() else []
        lines.append(self.texts.written.format(channel=channel, conversation=conversation))
        if earlier_number:
            lines.append(self.texts.follows.format(number=earlier_number))
        return "\n\n".join(lines)

    def failure(self, words: str, reason: str, at: datetime) -> str:
        """`reason` as the channel said it: it may quote a server, so nobody translates it."""
        time = f"{at.astimezone(self.zone):%Y-%m-%d %H:%M} {zones.hours_are_called(self.zone, at)}"
        quoted = first_words(words, QUOTED_WORDS)
        return self.texts.failed.format(time=time, words=quoted, reason=reason)
