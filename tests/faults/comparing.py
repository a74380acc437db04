"""The three sides beside each other: what was written, what stands in Creatio, what arrived."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tests.faults.people import Talk
from tests.faults.receiver import Receiver, Taken


@dataclass
class Counts:
    written: int
    found: int
    missing: int
    doubled: int
    misplaced: int
    out_of_order: int

    @property
    def is_kept(self) -> bool:
        return not (self.missing or self.doubled or self.misplaced or self.out_of_order)


@dataclass
class Repeats:
    """On the wire: the same reply handed over again because nobody could know."""

    recognised: int  # on the channel that drops them by their id
    marked: int  # on the one that cannot
    unmarked: int

    @property
    def is_kept(self) -> bool:
        return not self.unmarked


@dataclass
class Compared:
    messages: Counts
    replies: Counts
    repeats: Repeats
    examples: list[str]

    @property
    def is_kept(self) -> bool:
        return self.messages.is_kept and self.replies.is_kept and self.repeats.is_kept

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def compare(
    talks: Sequence[Talk], activities: Sequence[dict[str, Any]], receiver: Receiver
) -> Compared:
    examples: list[str] = []
    return Compared(
        messages=_messages(talks, activities, examples),
        replies=_replies(talks, receiver, examples),
        repeats=_repeats(receiver, examples),
        examples=examples[:20],
    )


def _messages(
    talks: Sequence[Talk], activities: Sequence[dict[str, Any]], examples: list[str]
) -> Counts:
    """Every message is one activity, on its own conversation's case, in order."""
    on: defaultdict[str, list[str]] = defaultdict(list)
    for row in activities:
        on[row["DetailedResult"]].append(row["CaseId"])
    counts = Counts(0, 0, 0, 0, 0, 0)
    for talk in talks:
        for text in talk.messages:
            cases = on[text]
            counts.written += 1
            counts.found += len(cases)
            counts.missing += not cases
            counts.doubled += max(0, len(cases) - 1)
            counts.misplaced += sum(case != talk.case for case in cases)
            if cases != [talk.case]:
                examples.append(f"{text}: on {cases}, its case is {talk.case or 'none'}")
        own = set(talk.messages)
        order = [r["DetailedResult"] for r in activities if r["CaseId"] == talk.case]
        seen = list(dict.fromkeys(text for text in order if text in own))
        expected = [text for text in talk.messages if text in set(seen)]
        if seen != expected:
            counts.out_of_order += 1
            examples.append(f"{talk.name}: on its case in the order {seen}")
    return counts


def _replies(talks: Sequence[Talk], receiver: Receiver, examples: list[str]) -> Counts:
    """Every reply arrives once, on its own channel and conversation, in the order written."""
    firsts: defaultdict[str, list[Taken]] = defaultdict(list)
    for copies in receiver.copies.values():
        firsts[copies[0].text].append(copies[0])
    counts = Counts(0, 0, 0, 0, 0, 0)
    for talk in talks:
        arrived = []
        for text in talk.replies:
            found = firsts[text]
            counts.written += 1
            counts.found += len(found)
            counts.missing += not found
            counts.doubled += max(0, len(found) - 1)
            wrong = [
                t for t in found if (t.channel, t.conversation) != (talk.channel, talk.conversation)
            ]
            counts.misplaced += len(wrong)
            if len(found) != 1 or wrong:
                examples.append(f"{text}: arrived {len(found)} times, {len(wrong)} elsewhere")
            arrived += [min(t.order for t in found)] if found else []
        if arrived != sorted(arrived):
            counts.out_of_order += 1
            examples.append(f"{talk.name}: its replies arrived out of order")
    return counts


def _repeats(receiver: Receiver, examples: list[str]) -> Repeats:
    found: Counter[str] = Counter()
    for copies in receiver.copies.values():
        for copy in copies[1:]:
            kind = (
                "recognised" if copy.channel == "plain" else "marked" if copy.marked else "unmarked"
            )
            found[kind] += 1
            if kind == "unmarked":
                examples.append(f"{copy.text}: a copy without a mark")
    return Repeats(found["recognised"], found["marked"], found["unmarked"])
