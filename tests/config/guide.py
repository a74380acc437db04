"""The set-up guide as docs/how-to/connect-creatio.md shows it: made from what the page is drawn from.

    .venv/bin/python -m tests.config.guide

writes it between the two marks in that file.
"""

from collections.abc import Iterator
from pathlib import Path

from caseway.domain.guide import EXCEPT_US, OUR_USER, SHORT_FORM, WEBHOOK_URL, YOUR_CREATIO, Part

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "connect-creatio.md"
BEGIN = "<!-- The guide begins. It is made by tests/config/guide.py. -->\n"
END = "<!-- The guide ends. -->\n"
STANDS_FOR = {WEBHOOK_URL: "the webhook URL", OUR_USER: "Caseway's user"}


def guide() -> str:
    lines = ["", "## Your Creatio", ""]
    for part in YOUR_CREATIO:
        lines += [f"### {part.title}", "", *_steps(part), ""]
    lines += [
        f"{_told(EXCEPT_US.value)}: a filter more for the first process, {EXCEPT_US.note}.",
        "",
        "## The short form",
        "",
        "Where your designer lets you type a body into the element, this is all of it.",
        "",
    ]
    for part in SHORT_FORM:
        lines += [f"### {part.title}, the short form", "", *_steps(part), ""]
    return "\n".join(lines)


def _steps(part: Part) -> Iterator[str]:
    for number, step in enumerate(part.steps, 1):
        where = f"**{step.where}.** " if step.where else ""
        why = f" {step.why}" if step.why else ""
        yield f"{number}. {where}{step.does}{why}"
        for each in step.values:
            value = f"*{_told(each.value)}*" if each.is_picked else f"`{_told(each.value)}`"
            value = "the webhook URL" if each.value == WEBHOOK_URL else value
            yield f"   - {each.field}: {value}{f', {each.note}' if each.note else ''}"
        if step.body:
            yield ""
            yield "   ```json"
            yield from (f"   {line}" for line in step.body.splitlines())
            yield "   ```"


def _told(text: str) -> str:
    for sign, words in STANDS_FOR.items():
        text = text.replace(sign, words)
    return text


def written() -> tuple[str, str, str]:
    """Before the guide, the guide, after it."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    inside, _, after = rest.partition(END)
    return before, inside, after


if __name__ == "__main__":
    before, _, after = written()
    PAGE.write_text(f"{before}{BEGIN}{guide()}{END}{after}", encoding="utf-8")
