"""Looks at pages and sends their forms, as a browser without a script does."""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from tests.sandbox.caller import FORM, Caller, Reply


@dataclass
class Visitor:
    caller: Caller

    def look(self, path: str) -> str:
        answer = self.caller.send("GET", path)
        assert answer.status == 200, (path, answer.status)
        return words(answer)

    def submit(self, path: str, fields: Mapping[str, object] | None = None) -> Reply:
        """A list sends its name once for each value."""
        return self.caller.send("POST", path, urlencode(fields or {}, doseq=True).encode(), FORM)


def words(answer: Reply) -> str:
    """What a person reads, without marks and line ends."""
    text = re.sub(
        r"<(style|script|datalist|option).*?</\1>", " ", answer.body.decode(), flags=re.DOTALL
    )
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", text)).split())
