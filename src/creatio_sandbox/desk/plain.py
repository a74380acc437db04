"""HTML of mails and feed messages as plain text, for the timeline."""

import re
from html.parser import HTMLParser
from typing import Final

BREAKS: Final = {"br": "\n", "p": "\n\n", "div": "\n", "li": "\n- ", "tr": "\n", "blockquote": "\n"}
UNSEEN: Final = frozenset({"style", "script", "head", "title"})
BLANK_LINES: Final = re.compile(r"\n{3,}")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self.unseen += tag in UNSEEN
        self.parts.append(BREAKS.get(tag, ""))

    def handle_endtag(self, tag: str) -> None:
        self.unseen = max(0, self.unseen - (tag in UNSEEN))

    def handle_data(self, data: str) -> None:  # the parser's own name
        if not self.unseen:
            self.parts.append(data)


def plain(html: str) -> str:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return BLANK_LINES.sub("\n\n", "".join(reader.parts)).strip()
