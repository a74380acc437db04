"""Somebody at the dashboard: looks at its pages and sends their forms, without a script."""

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlencode, urlsplit

from tests.acceptance.far import Answer, ask

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
HIDDEN = re.compile(r'<input type="hidden" name="connection" value="([^"]+)"')
PICKED = r'value="([^"]+)"[^>]*><bdi>{name}</bdi>'
URL = re.compile(r"/backend/creatio/webhook/[\w-]+")


@dataclass(frozen=True, slots=True)
class Office:
    url: str
    cookie: str

    @classmethod
    def entered(cls, url: str, welcome: str) -> Self:
        """Whoever has the link chooses a password and is signed in."""
        who = {"name": "Maria", "email": "maria@example.com", "password": "nine-brass-bells-ring"}
        answer = ask("POST", url + urlsplit(welcome).path, urlencode(who).encode(), FORM)
        assert answer.status == 303, answer.text
        return cls(url, str(answer.headers["Set-Cookie"]).partition(";")[0])

    def look(self, path: str) -> str:
        answer = ask("GET", self.url + path, headers={"Cookie": self.cookie})
        assert answer.status == 200, answer.text
        return answer.text

    def submit(self, path: str, **fields: str) -> Answer:
        sent = urlencode(fields).encode()
        answer = ask("POST", self.url + path, sent, {"Cookie": self.cookie, **FORM})
        assert answer.status == 303, answer.text
        return answer

    def add_widget(self, name: str, origin: str) -> str:
        """The channel's id."""
        made = self.submit("/settings/channels/new/widget", name=name, origins=origin)
        return urlsplit(made.headers["Location"]).path.rpartition("/")[2]

    def admit(self, widget: str, *origins: str) -> None:
        self.submit(f"/settings/channels/{widget}", origins="\n".join(origins))

    def send_only(self, kind: str) -> None:
        """The reply rule: activities of this type and no others."""
        page = self.look("/settings/reply-rule")
        connection = HIDDEN.search(page)
        picked = re.search(PICKED.format(name=kind), page)
        assert connection, page
        assert picked, page
        self.submit("/settings/reply-rule", connection=connection[1], type=picked[1])

    def replace_webhook_url(self) -> str:
        """The old one ends now; the new one's path."""
        page = self.look("/settings/integrations/creatio")
        connection = HIDDEN.search(page)
        assert connection, page
        made = self.submit(
            "/settings/integrations/creatio/regenerate", connection=connection[1], grace="now"
        )
        found = URL.findall(
            self.look(made.headers["Location"])
        )  # masked ones too, which are shorter
        return max(map(str, found), key=len)
