"""The newest part of a mail: what it answers and the signature are folded away.

Line by line and in one pass: a mail quotes what a stranger wrote, so no pattern here may look
further than a line. Where folding would leave nothing, or somebody answers between the quoted
lines, everything stays.
"""

import re
from collections.abc import Sequence
from typing import Final

_LONGEST_LINE: Final = 400  # an attribution is shorter; longer lines are somebody's words
_WROTE: Final = re.compile(
    r"(?:wrote|schrieb|a écrit|escribió|ha scritto|scrisse|schreef|escreveu|skrev|kirjoitti"
    r"|napsal|napísal|napisał|pisze|írta|yazdı|писал|пишет|написал|写道|寫道|のメール|작성)",
    re.IGNORECASE,
)
_SEPARATOR: Final = re.compile(r"[-_*]{3,}[^-_*]{3,80}[-_*]{3,}|_{10,}|-{20,}")
_SENDER: Final = re.compile(
    r"\*?(?:from|von|de|da|van|od|fra|från|lähettäjä|от|feladó|kimden|发件人|寄件者|差出人|보낸 사람)"
    r"\*?\s{0,3}[:：]",
    re.IGNORECASE,
)
_HEADING: Final = re.compile(r"\*?[^\W\d_][\w ]{0,18}\*?\s{0,3}[:：]\s{0,3}\S")
_SIGNATURE: Final = frozenset({"--", "-- ", "—"})
_HEADINGS_AT_LEAST: Final = 3  # sender, date, recipient, subject: in any language


def fold_quotes(text: str) -> str:
    lines = text.replace("\r\n", "\n").split("\n")
    end = next((at for at in range(len(lines)) if _ends_the_words(lines, at)), len(lines))
    return "\n".join(lines[:end]).strip() or text


def _ends_the_words(lines: Sequence[str], at: int) -> bool:
    line = lines[at]
    if line in _SIGNATURE:
        return True
    short = line.strip()
    if not short or len(short) > _LONGEST_LINE:
        return False
    if short.startswith(">"):
        return _is_the_rest(lines, at)
    if _SENDER.match(short):
        return _is_header(lines[at : at + 6])
    if _SEPARATOR.fullmatch(short):
        return any(_SENDER.match(next_line.strip()) for next_line in lines[at + 1 : at + 4])
    return _is_attribution(lines, at)


def _is_attribution(lines: Sequence[str], at: int) -> bool:
    """ "On Monday, Ann wrote:", on one line or broken into two, with a quotation after it."""
    for last in (at, at + 1):
        if last < len(lines) and lines[last].rstrip().endswith((":", "：")):
            words = " ".join(lines[at : last + 1])[: 2 * _LONGEST_LINE]
            is_one = bool(_WROTE.search(words)) and any(c.isdigit() or c == "@" for c in words)
            return is_one and _begins_a_quotation(lines, last + 1)
    return False


def _begins_a_quotation(lines: Sequence[str], at: int) -> bool:
    """Marked by `>`, or by nothing at all, as what came from HTML."""
    following = next((line for line in lines[at : at + 4] if line.strip()), "")
    return not following.startswith(">") or _is_the_rest(lines, at)


def _is_the_rest(lines: Sequence[str], at: int) -> bool:
    """Whether nothing but quotation follows; otherwise somebody answers between the lines."""
    rest = [line for line in lines[at:] if line.strip()]
    quoted = sum(line.lstrip().startswith(">") for line in rest)
    unquoted_tail = 0
    for line in reversed(rest):
        if line.lstrip().startswith(">"):
            break
        unquoted_tail += 1
    return quoted > 0 and quoted == len(rest) - unquoted_tail and unquoted_tail == 0


def _is_header(lines: Sequence[str]) -> bool:
    return sum(bool(_HEADING.match(line.strip())) for line in lines) >= _HEADINGS_AT_LEAST
