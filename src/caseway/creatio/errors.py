"""What an answer of Creatio means: good, sign in again, later, or never. Total: any bytes.

Status and content type decide. Texts are opaque (they differ by build, language and hosting);
they are shown to people, never acted on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final, TypeVar

import msgspec

from caseway.outbound import Answer
from caseway.ports import Later, Never

T = TypeVar("T")
CONNECTION_PAGE: Final = "Settings → Ticketing → Creatio"
_SHOWN_CHARACTERS: Final = 200
_LONGEST_TYPE: Final = 100  # whatever a header may hold, a reason is one short line


class Meaning(StrEnum):
    GOOD = "good"
    SIGN_IN = "sign in"  # the session or token is not, or no longer, accepted
    LATER = "later"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Verdict:
    meaning: Meaning
    reason: str = ""
    remedy: str = ""
    maybe_taken: bool = False
    retry_after: timedelta | None = None

    @property
    def failure(self) -> Later | Never:
        """What a door raises for it. One that asks for a sign-in has had its second chance."""
        if self.meaning is Meaning.NEVER:
            return Never(self.reason)
        return Later(
            self.reason,
            maybe_taken=self.maybe_taken,
            retry_after=self.retry_after,
            remedy=self.remedy,
        )


class CredentialsRefused(Later):
    """Signing in was refused: nothing works until somebody changes the credentials."""


GOOD: Final = Verdict(Meaning.GOOD)
# 4xx that may pass by themselves: a model rebuilt (404), a lock, a conflict, a time-out, a quota
_LATER: Final = frozenset({402, 404, 408, 409, 421, 423, 425})
_NEW_PASS: Final = frozenset({401, 403, 440})  # 440: IIS, the session timed out
_REMEDIES: Final[Mapping[int, str]] = {
    401: f"Check the credentials under {CONNECTION_PAGE}.",
    403: "Give our user in Creatio the right to read, create and change cases, activities"
    " and contacts.",
    404: "If this lasts for more than a few minutes, check the instance URL and platform under"
    f" {CONNECTION_PAGE}.",
}
_NO_PAGE_REMEDY: Final = (
    f"Check the instance URL under {CONNECTION_PAGE}: what answers there is not Creatio's OData."
)


def verdict(answer: Answer, *, empty_is_good: bool = False) -> Verdict:
    """`empty_is_good`: a write that is answered by a status alone (204)."""
    status = answer.status
    if 200 <= status < 300:
        if is_json(answer) or (empty_is_good and not answer.body):
            return GOOD
        return _page(answer)
    if 300 <= status < 400:
        return _redirected(answer)
    reason = f"Creatio answered {status}"
    if text := message(answer.body):
        reason = f"{reason}: {text}"
    if status in _NEW_PASS:
        return Verdict(Meaning.SIGN_IN, reason, _REMEDIES.get(status, _REMEDIES[401]))
    if status == 429:
        return Verdict(Meaning.LATER, reason or "throttled", retry_after=answer.retry_after)
    if status in _LATER:
        return Verdict(Meaning.LATER, reason, _REMEDIES.get(status, ""))
    if 400 <= status < 500:
        return Verdict(Meaning.NEVER, reason)
    return Verdict(Meaning.LATER, reason, maybe_taken=True, retry_after=answer.retry_after)


def is_json(answer: Answer) -> bool:
    return answer.content_type == "application/json" or answer.content_type.endswith("+json")


def decoded(answer: Answer, decoder: "msgspec.json.Decoder[T]") -> T | None:
    """None: it says something else, whatever that is."""
    if not is_json(answer):
        return None
    try:
        return decoder.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _page(answer: Answer) -> Verdict:
    """A login page comes with 200 where something followed a redirect on our behalf."""
    what = " ".join(answer.content_type[:_LONGEST_TYPE].split()) or "no content type"
    return Verdict(
        Meaning.SIGN_IN,
        f"Creatio answered {answer.status} with {what} instead of JSON",
        _NO_PAGE_REMEDY,
        maybe_taken=True,
    )


def _redirected(answer: Answer) -> Verdict:
    return Verdict(
        Meaning.SIGN_IN,
        f"Creatio answered {answer.status}: it sends us elsewhere instead of answering",
        _NO_PAGE_REMEDY,
    )


class _Inner(msgspec.Struct):
    message: object = None


class _Fault(msgspec.Struct):
    message: object = None
    innererror: _Inner | None = None


class _Body(msgspec.Struct):
    error: _Fault | None = None
    plain: object = msgspec.field(name="Message", default=None)
    exception: object = msgspec.field(name="ExceptionMessage", default=None)


_BODY: Final = msgspec.json.Decoder(_Body)


def message(body: bytes) -> str:
    """The words of an error body, shortened; empty if there are none that we can read."""
    if body.lstrip()[:1] != b"{":
        return ""
    try:
        found = _BODY.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    candidates: list[object] = [found.exception, found.plain]
    if found.error is not None:
        inner = found.error.innererror
        candidates = [inner.message if inner else None, found.error.message, *candidates]
    for candidate in candidates:
        if isinstance(candidate, str) and candidate.strip():
            return shown(candidate)
    return ""


def shown(text: str) -> str:
    """One line of somebody else's words."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= _SHOWN_CHARACTERS else line[: _SHOWN_CHARACTERS - 1] + "…"
