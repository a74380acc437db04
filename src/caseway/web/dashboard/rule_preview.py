"""A reply rule tried on real activities: verdicts by the rule that is kept and by the one typed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from caseway.domain.adoption import Reply
from caseway.domain.remote import Activity
from caseway.domain.reply_rule import Judgement, ReplyRule, Verdict, judge, text_of
from caseway.domain.stock import EMAIL, TYPE_NAMES
from caseway.ports import OurCase, Sample, Sampled, Standing

SHOWN: Final = {
    Verdict.SENT: ("blue", "check", "Would be sent"),
    Verdict.WAITS: ("amber", "clock-hour-4", "Not yet"),
    Verdict.NEVER: ("grey", "minus", "Not a reply"),
}
OURS: Final = ("grey", "minus", "Ours")
KEPT: Final = "Already a reply: later edits are shown, not sent."


@dataclass(frozen=True, slots=True)
class Row:
    activity: Activity
    about: OurCase
    type_name: str
    colour: str
    icon: str
    verdict: str
    clause: str
    was: str  # the verdict of the rule that is kept, where it is another
    standing: Standing | None

    @property
    def is_ours(self) -> bool:
        return self.standing is Standing.OURS


@dataclass(frozen=True, slots=True)
class Sides:
    """One activity as it stands in Creatio, and what its customer would get."""

    row: Row
    column: str
    there: str
    is_html: bool
    here: str  # empty: nothing
    folded: int  # characters that the customer does not see


@dataclass(frozen=True, slots=True)
class Preview:
    rows: Sequence[Row]
    summary: str  # empty: nothing was changed
    sent: int
    waits: int
    never: int
    chosen: Sides | None


def preview(
    sample: Sample,
    *,
    kept: ReplyRule,
    typed: ReplyRule,
    chosen: UUID | None,
    words: Callable[[Reply], str],
) -> Preview:
    judged = [(one, _judged(one, kept), _judged(one, typed)) for one in sample.found]
    rows = [_row(one, before, after) for one, before, after in judged]
    verdicts = [after.verdict for _, _, after in judged if after]
    return Preview(
        rows=rows,
        summary="" if kept == typed else _summary([(b, a) for _, b, a in judged if b and a]),
        sent=verdicts.count(Verdict.SENT),
        waits=verdicts.count(Verdict.WAITS),
        never=len(rows) - verdicts.count(Verdict.SENT) - verdicts.count(Verdict.WAITS),
        chosen=_chosen(rows, judged, typed, chosen, words),
    )


def _judged(one: Sampled, rule: ReplyRule) -> Judgement | None:
    """None for what is ours: an echo is told by its id alone, whatever the rule says."""
    return None if one.standing is Standing.OURS else judge(one.activity, rule)


def _row(one: Sampled, before: Judgement | None, after: Judgement | None) -> Row:
    colour, icon, verdict = OURS if after is None else SHOWN[after.verdict]
    clause = "written by Caseway, an echo" if after is None else after.clause
    if one.standing is Standing.KEPT:
        clause = f"{clause}. {KEPT}"
    changed = before is not None and after is not None and before.verdict is not after.verdict
    return Row(
        activity=one.activity,
        about=one.about,
        type_name=TYPE_NAMES.get(one.activity.type_id, "Activity"),
        colour=colour,
        icon=icon,
        verdict=verdict,
        clause=clause,
        was=SHOWN[before.verdict][2] if changed and before else "",
        standing=one.standing,
    )


def _summary(pairs: Sequence[tuple[Judgement, Judgement]]) -> str:
    held = sum(b.verdict is Verdict.SENT and a.verdict is not Verdict.SENT for b, a in pairs)
    sent = sum(b.verdict is not Verdict.SENT and a.verdict is Verdict.SENT for b, a in pairs)
    of = f"of these {len(pairs)}" if len(pairs) != 1 else "of this one"
    if held and sent:
        return f"This change would hold back {held} and send {sent} {of}"
    if held:
        return f"This change would hold back {held} {of}"
    if sent:
        return f"This change would send {sent} {of} that the saved rule holds back"
    return f"This change sends none {of} that the saved rule holds back, and holds back none"


def _chosen(
    rows: Sequence[Row],
    judged: Sequence[tuple[Sampled, Judgement | None, Judgement | None]],
    rule: ReplyRule,
    chosen: UUID | None,
    words: Callable[[Reply], str],
) -> Sides | None:
    if not rows:
        return None
    first = next((n for n, (_, _, a) in enumerate(judged) if a and a.text is not None), 0)
    place = next((n for n, row in enumerate(rows) if row.activity.id == chosen), first)
    row, (_, _, verdict) = rows[place], judged[place]
    column, there, is_html = text_of(row.activity, rule.field)
    here = ""
    if verdict is not None and verdict.text is not None:
        here = words(Reply(row.activity, verdict.text, verdict.is_html))
    folds = row.activity.type_id == EMAIL and bool(here)
    return Sides(row, column, there, is_html, here, max(0, len(there) - len(here)) if folds else 0)
