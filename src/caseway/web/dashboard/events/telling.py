"""What came of an event, in words: a line of the list, a sentence, a chain of steps. Pure."""

import re
from codecs import getincrementaldecoder
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from caseway.domain.adoption import Outcome
from caseway.domain.delivery import State as Debt
from caseway.ports import JournalLine, Noticed, Ran
from caseway.ports.event_log import Around, TokenStanding, WholeEvent
from caseway.ports.reads import LEFT
from caseway.web.dashboard.channel_signs import name_of, name_within
from caseway.web.receiver.receiver import BROKE_OFF, KEPT_OF_UNUSED_BYTES

LONG_ID: Final = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
OF_AN_ACTIVITY: Final = re.compile(r"^activity [0-9a-f]+: ")
SENT: Final = "sent reply"
TRIED: Final = "tried to send reply"
ATTEMPTS: Final = (SENT, TRIED)
UNUSED: Final = frozenset({Outcome.IGNORED, Outcome.NOTHING_NEW, Outcome.REJECTED})
AGREED: Final = "Looked: both sides agree already"
MOST_BODY_CHARACTERS: Final = 64 * 1024
REACHED: Final = {
    Debt.DELIVERED: "reached the customer",
    Debt.READ: "was read by the customer",
    Debt.SENT: "was handed over",
    Debt.SENDING: "is being sent",
    Debt.OWED: "is owed and tried again by itself",
    Debt.UNKNOWN: "may have been sent",
    Debt.FAILED: "failed for good",
}


@dataclass(frozen=True, slots=True)
class Step:
    icon: str
    colour: str
    text: str
    why: str
    at: str  # since the event: "+ 9 ms", "+ 2.3 s"


@dataclass(frozen=True, slots=True)
class Chain:
    """The steps of one look; `folded`: it began later, perhaps for another reason."""

    title: str
    folded: bool
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Body:
    text: str
    is_text: bool  # False: the bytes in hexadecimal
    size_bytes: int
    is_cut: bool = False  # what came was longer, as far as can be known


@dataclass(frozen=True, slots=True)
class Told:
    """One event, ready to be shown."""

    event: WholeEvent
    result: str
    chains: tuple[Chain, ...]
    body: Body
    token: str


def whole(event: WholeEvent, *, now: datetime) -> Told:
    return Told(
        event=event,
        result=result(event),
        chains=tuple(chains(event)),
        body=body(event.body, is_cut=is_cut(event.noticed.outcome, event.body)),
        token=token(event.token, now=now) if event.token else "",
    )


def came_of(event: Noticed, around: Around | None) -> str:
    """One line for the list; never a bare outcome."""
    if event.outcome not in {Outcome.ACCEPTED, Outcome.HEALED}:
        return short_ids(event.reason) or "No reason was kept."
    said = _of_looks(around) if around is not None else ""
    if event.outcome is Outcome.HEALED:
        return f"No webhook came. {said or 'Found by asking Creatio.'}"
    if said:
        return said
    if event.reason:
        return short_ids(event.reason)
    if event.conversation is None:
        return "Kept; it names no conversation."
    return "Kept; its conversation is looked at next."


def _of_looks(around: Around) -> str:
    after, before = around.after, around.before
    if after is None:
        return ""
    lines = () if before is None else before.lines
    sent = [line for line in lines if line.deed.startswith(ATTEMPTS)]
    # It only comes into question where the look that followed found nothing left to do.
    if before is not None and sent and after.adds_nothing_to(before):
        return f"{_of_sending(sent)}, read just before"
    return _of_look(after)


def _of_look(look: Ran) -> str:
    sent = [line for line in look.lines if line.deed.startswith(ATTEMPTS)]
    if sent:
        return _of_sending(sent)
    for line in look.lines:
        if line.deed == "weighed case_closed":
            return short_ids(line.why)
    for line in look.lines:
        if line.outcome != "done":
            return short_ids(f"{name_of(line.side)}: {line.deed}, {line.why}")
    if any(line.deed.startswith("kept reply") for line in look.lines):
        return "A reply was kept; it waits its turn"
    decided = [
        line.why for line in look.lines if line.deed == "decided" or line.deed.startswith(LEFT)
    ]
    if decided:
        first = _capital(OF_AN_ACTIVITY.sub("", short_ids(decided[0])))
        return first if len(decided) == 1 else f"{first}; and {len(decided) - 1} more"
    return AGREED


def _of_sending(sent: Sequence[JournalLine]) -> str:
    last = sent[-1]
    many = "Reply" if len(sent) == 1 else f"{len(sent)} replies"
    match last.outcome:
        case "done":
            return f"{many} sent by {name_within(last.side)}"
        case "later":
            return f"{many} not taken at first: {short_ids(last.why)}"
        case _:
            return f"{many} failed for good: {short_ids(last.why)}"


def result(event: WholeEvent) -> str:
    """The event in a sentence that a manager could read aloud."""
    noticed = event.noticed
    match noticed.outcome:
        case Outcome.REJECTED:
            return f"Refused{_answer_to(noticed)}. {short_ids(noticed.reason)}"
        case Outcome.IGNORED | Outcome.NOTHING_NEW:
            return short_ids(noticed.reason) or "Kept, and nothing was to be done."
        case _:
            pass
    if event.stopped and not event.brought:
        return f"Kept, but nobody looks: this conversation has stopped. {short_ids(event.stopped)}"
    if event.brought:
        return _of_replies(event)
    if not event.ran:
        return came_of(noticed, None)
    answered = next((look for look in event.ran if look.was_answered), None)
    came = came_of(noticed, Around(None, answered or event.ran[0]))
    if answered is None:
        return f"Kept; it waits for Creatio and is looked at again by itself. {came}."
    return f"No reply came of it. {came.removesuffix('.')}."


def _of_replies(event: WholeEvent) -> str:
    after = "Creatio called" if event.noticed.found_by == "webhook" else "the sweep found it"
    if len(event.brought) > 1:
        states = Counter(one.state for one in event.brought)
        told = ", ".join(
            f"{many} {state.value if state else 'kept'}" for state, many in states.items()
        )
        return f"{len(event.brought)} replies came of it: {told}."
    [reply] = event.brought
    by = f" by {reply.author_name}" if reply.author_name else ""
    what = REACHED[reply.state] if reply.state else "was kept, and nobody is owed it"
    told = f"The reply{by} {what}, on {reply.channel_name}"
    arrived = reply.state in {Debt.DELIVERED, Debt.READ, Debt.SENT}
    if arrived and reply.settled_at and not _read_before(event):
        told += f", {elapsed(reply.settled_at - event.noticed.received_at)} after {after}"
    if reply.reason:
        told += f": {reply.reason}"
    if _read_before(event):
        told += f". It had been read just before {after}"
    doubled = " A copy may have arrived twice; it says so." if reply.possible_double else ""
    return f"{told}.{doubled}"


def _read_before(event: WholeEvent) -> bool:
    """Whether what it brought was imported by a look that began before it."""
    first = event.ran[0].begun_at if event.ran else None
    return bool(event.before and (first is None or event.brought[0].kept_at < first))


def chains(event: WholeEvent) -> list[Chain]:
    """What was done, look by look: the first because of it, the others after it."""
    at = event.noticed.received_at
    told = [Chain(title="", folded=False, steps=(_kept(event.noticed),))]
    if event.before is not None and event.brought and _read_before(event):
        earlier = f"A look that began {elapsed(at - event.before.begun_at)} before"
        told.insert(0, Chain(earlier, folded=False, steps=tuple(_steps(event.before, at))))
    answered = next((look for look in event.ran if look.was_answered), None)
    for number, look in enumerate(event.ran):
        later = f"Looked again {elapsed(look.begun_at - at)} later"
        steps = tuple(_steps(look, at)) or (_nothing(look, at),)
        folded = bool(number) and look is not answered
        told.append(Chain(later if number else "Because of it", folded, steps))
    return told


def _kept(event: Noticed) -> Step:
    if event.found_by == "sweep":
        return Step("radar-2", "", "Found by asking Creatio what changed", "", "")
    if event.found_by == "test":
        return Step("webhook", "", "Sent by Caseway to its own address, and kept", event.reason, "")
    match event.outcome:
        case Outcome.REJECTED:
            return Step("webhook", "red", "Refused, and kept here", event.reason, "")
        case Outcome.IGNORED:
            return Step("webhook", "", "Kept and answered 200: ignored", event.reason, "")
        case _:
            return Step("webhook", "", "Kept and answered 200", "", "")


def _nothing(look: Ran, at: datetime) -> Step:
    text = "Looked at the conversation: nothing was owed"
    return Step("eye", "", text, "", f"+ {elapsed(look.begun_at - at)}")


def _steps(look: Ran, at: datetime) -> Iterable[Step]:
    for line in look.lines:
        icon, colour = _sign(line)
        side = "" if line.side == "caseway" else f"{name_of(line.side)}: "
        deed = short_ids(line.deed)
        if line.deed.startswith(TRIED):
            deed = f"did not take the reply{line.deed.removeprefix(TRIED)}"
        text = f"{side}{deed}" if side else _capital(deed)
        since = look.begun_at - at + timedelta(milliseconds=line.at)
        sign = "+" if since >= timedelta() else "−"  # noqa: RUF001 - a minus, as people read it
        yield Step(icon, colour, text, short_ids(line.why), f"{sign} {elapsed(abs(since))}")


def _sign(line: JournalLine) -> tuple[str, str]:
    if line.outcome != "done":
        return ("clock-hour-4", "amber") if line.outcome == "later" else ("circle-x", "red")
    if line.deed.startswith(SENT):
        return "checks", "green"
    if line.side == "creatio":
        return ("eye", "") if line.deed.startswith(("read", "asked")) else ("arrow-right", "blue")
    return "filter-check", ""


def token(standing: TokenStanding, *, now: datetime) -> str:
    """Of the token that the call showed: the current one, or an earlier one and until when."""
    if standing.revoked_at is not None:
        return "revoked since"
    if standing.expires_at is None:
        return "current"
    return "previous, still valid" if standing.expires_at > now else "previous, expired since"


def _answer_to(refused: Noticed) -> str:
    return "" if refused.reason == BROKE_OFF else ", and Creatio was told why"


def is_cut(outcome: Outcome, raw: bytes) -> bool:
    """Of what woke nobody the beginning is kept. One of just that length counts as cut."""
    return outcome in UNUSED and len(raw) == KEPT_OF_UNUSED_BYTES


def as_utf8(raw: bytes, *, is_cut: bool) -> str:
    """Without the half of a letter that a cut left behind. Raises `UnicodeDecodeError`."""
    return getincrementaldecoder("utf-8")().decode(raw, final=not is_cut)


def body(raw: bytes, *, is_cut: bool = False) -> Body:
    """As text where it is UTF-8 without control characters, otherwise in hexadecimal."""
    try:
        text = as_utf8(raw, is_cut=is_cut)
    except UnicodeDecodeError:
        text = ""
    plain = bool(text) and all(c.isprintable() or c in "\r\n\t" for c in text)
    shown = text if plain or not raw else raw.hex(" ")
    return Body(shown[:MOST_BODY_CHARACTERS], plain or not raw, len(raw), is_cut)


def short_ids(text: str) -> str:
    """Ids by their first six characters, as everywhere on a page."""
    return LONG_ID.sub(lambda found: found[0][:6], text)


def elapsed(span: timedelta) -> str:
    ms = max(0, round(span / timedelta(milliseconds=1)))
    if ms < 1000:
        return f"{ms} ms"
    if ms < 60_000:
        return f"{ms / 1000:.1f} s"
    return f"{ms // 60_000} min" if ms < 7_200_000 else f"{ms // 3_600_000} h"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
