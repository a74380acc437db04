"""A visitor of the chat widget, as its script speaks with the server."""

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from tests.acceptance.far import Answer, ask, bearer, eventually

ADDRESSES = (f"127.{a}.{b}.2" for a in range(1, 255) for b in range(1, 255))


@dataclass
class Visitor:
    """Each comes from an address of its own: how much one may write is limited."""

    base: str
    channel: str
    source: str = field(default_factory=lambda: next(ADDRESSES))
    token: str = field(init=False)

    def __post_init__(self) -> None:
        opened = ask(
            "POST", f"{self._root}/sessions", {}, {"Origin": self.base}, source=self.source
        )
        assert opened.status == 201, opened
        self.token = opened.json["token"]

    @property
    def _root(self) -> str:
        return f"{self.base}/widget/v1/{self.channel}"

    def ask(self, method: str, path: str, content: object = None) -> Answer:
        headers = {**bearer(self.token), "Origin": self.base}
        return ask(method, f"{self._root}/{path}", content, headers, source=self.source)

    def write(self, text: str, *, id: str = "") -> int:
        """The status: 201 for what is new, 200 for a repeat."""
        words = {"text": text, "client_id": id or str(uuid4())}
        answer = self.ask("POST", "messages", words)
        assert answer.status < 300, answer
        return answer.status

    def history(self) -> Any:
        answer = self.ask("GET", "messages")
        assert answer.status == 200, answer
        return answer.json

    def replies(self) -> list[str]:
        return [one["text"] for one in self.history()["messages"] if one["author"] == "agent"]

    def wait_for(self, *texts: str) -> None:
        eventually(lambda: self.replies() == list(texts), what=f"{texts} in the widget")
