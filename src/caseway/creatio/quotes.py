"""The newest part of a mail: what it answers and the signature are folded away.

Line by line and in one pass: a mail quotes what a stranger wrote, so no pattern here may look
further than a line. Where folding would leave nothing, or somebody answers between the quoted
lines, everything stays.
"""

import re
from collections.abc import Sequence
from typing import Final

_LONGEST_LINE: Final = 400  # an attribution is shorter; longer lines are somebody's words
_COLONS: Final = (":", "\uff1a")
_WROTE: Final = re.compile(
    r"wrote|schrieb|a écrit|escribió|ha scritto|scrisse|schreef|escreveu|skrev|kirjoitti"
    r"|napsal|napísal|napisał|pisze|írta|yazdı|писал|пишет|написал|写道|寫道|のメール|작성",  # noqa: RUF001
    re.IGNORECASE,
)
_SEPARATOR: Final = re.compile(r"[-_*]{3,}[^-_*]{3,80}[-_*]{3,}|_{10,}|-{20,}")
_SENDER: Final = re.compile(
    r"\*?(?:from|von|de|da|van|od|fra|från|lähettäjä|от|feladó|kimden|发件人|寄件者|差出人"
    r"|보낸 사람)\*?\s{0,3}[:\uff1a]",
    re.IGNORECASE,
)
_HEADING: Final = re.compile(r"\*?[^\W\d_][\w ]{0,18}\*?\s{0,3}[:\uff1a]\s{0,3}\S")
_SIGNATURE: Final = frozenset({"--", "-- ", "—"})
_HEADINGS_AT_LEAST: Final = 3  # sender, date, recipient, subject: in any language


def fold_quotes(text: str) -> str:
    lines = text.replace("\r\n", "\n").split("\n")
    quoted_from = _quoted_from(lines)
    ends = (at for at in range(len(lines)) if _ends_the_words(lines, at, quoted_from))
    return "\n".join(lines[: next(ends, len(lines))]).strip() or text


def _quoted_from(lines: Sequence[str]) -> int:
    """From here on there is nothing but quotation; before it somebody may answer in between."""
    first = len(lines)
    for at in range(len(lines) - 1, -1, -1):
        if lines[at].lstrip().startswith(">"):
            first = at
        elif lines[at].strip():
            break
    return first


def _ends_the_words(lines: Sequence[str], at: int, quoted_from: int) -> bool:
    line = lines[at]
    if line in _SIGNATURE or at == quoted_from:
        return True
    short = line.strip()
    if not short or len(short) > _LONGEST_LINE:
        return False
    if _SENDER.match(short):
        return _is_header(lines[at : at + 6])
    if _SEPARATOR.fullmatch(short):
        return any(_SENDER.match(following.strip()) for following in lines[at + 1 : at + 4])
    return _is_attribution(lines, at, quoted_from)


def _is_attribution(lines: Sequence[str], at: int, quoted_from: int) -> bool:
    """Who wrote, and when, with a colon: on one line, or broken into two.

    What follows is marked by `>`, or by nothing at all (it came from HTML): then only an address
    among the words shows that it is no sentence of the agent's.
    """
    for last in (at, at + 1):
        if last < len(lines) and lines[last].rstrip().endswith(_COLONS):
            words = " ".join(lines[at : last + 1])[: 2 * _LONGEST_LINE]
            following = next((line for line in lines[last + 1 : last + 5] if line.strip()), "")
            if following.lstrip().startswith(">"):
                is_one = last + 5 > quoted_from and any(c.isdigit() or c == "@" for c in words)
            else:
                is_one = "@" in words
            return is_one and bool(_WROTE.search(words))
    return False


def _is_header(lines: Sequence[str]) -> bool:
    return sum(bool(_HEADING.match(line.strip())) for line in lines) >= _HEADINGS_AT_LEAST
