"""What there is to say in each language."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Texts:
    """One language's; in braces stand the fields that each text is given, wherever they fit. A
    language that lacks one does not type-check.
    """

    name: str  # of the language, in itself

    # who wrote a message, at the beginning of a title
    customer: str
    ai: str
    agent: str

    visitor: str  # a contact of whom nothing is known
    conversation: str  # {channel}: a case's subject where nobody has said a word
    written: str  # {channel} {conversation}
    follows: str  # {number}, of the earlier case
    not_verified: str
    other_case: str  # {number}, of the same contact's

    handed_off: str
    handed_off_by: str  # {name}
    handed_off_title: str
    failed: str  # {time} {words} {reason}
    failed_title: str
