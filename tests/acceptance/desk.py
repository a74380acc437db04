"""What an agent does in the sandbox Creatio, and what stands there afterwards."""

import urllib.parse
from dataclasses import dataclass
from typing import Any

from tests.acceptance.far import ask, basic, bearer, eventually

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
NOBODY = "00000000-0000-0000-0000-000000000000"


@dataclass
class Desk:
    url: str
    user: str
    password: str
    client_id: str
    client_secret: str
    _token: str = ""

    def task(self, case: str, text: str) -> str:
        """A reply; its activity's id."""
        made: str = self._desk("POST", f"desk/cases/{case}/task", {"text": text})["id"]
        return made

    def email(self, case: str, text: str) -> None:
        self._desk("POST", f"desk/cases/{case}/email", {"text": text})

    def note(self, case: str, text: str) -> None:
        """For colleagues."""
        self._desk("POST", f"desk/cases/{case}/note", {"text": text})

    def unfinished(self, case: str, text: str) -> str:
        made: str = self._desk(
            "POST", f"desk/cases/{case}/task", {"text": text, "finished": False}
        )["id"]
        return made

    def finish(self, activity: str, result: str, **more: str) -> None:
        """`more`: other columns that change with it."""
        changed = {"DetailedResult": result, **more}
        self._desk("PATCH", f"desk/records/Activity/{activity}", changed)

    def set_status(self, case: str, name: str) -> None:
        self._desk("POST", f"desk/cases/{case}/status", {"status": name})

    def status(self, case: str) -> str:
        name: str = self.seen(case)["case"]["Status"]
        return name

    def seen(self, case: str) -> Any:
        return self._desk("GET", f"desk/cases/{case}")

    def runs(self, case: str) -> list[Any]:
        """Of the business processes, newest first."""
        found: list[Any] = self._desk("GET", f"log?limit=1000&case={case}")
        return found

    def weather(self, **faults: object) -> None:
        """Nothing named: the sun shines."""
        self._desk("PUT", "faults", faults)

    def call(self, webhook_url: str | None) -> None:
        """Makes the two business processes that call it."""
        self._desk("PUT", "webhook", {"url": webhook_url})

    def _desk(self, method: str, path: str, content: object = None) -> Any:
        answer = ask(method, f"{self.url}/sandbox/{path}", content, basic(self.user, self.password))
        assert answer.status < 300, answer
        return answer.json if answer.body else None

    def odata(self, query: str) -> list[Any]:
        """As any program reads Creatio: with a token, at the root that OData has there."""
        address = f"{self.url}/0/odata/{urllib.parse.quote(query, safe='?&=$,()/')}"
        answer = ask("GET", address, headers=bearer(self._signed_in()))
        assert answer.status == 200, answer
        rows: list[Any] = answer.json["value"]
        return rows

    def _signed_in(self) -> str:
        if not self._token:
            words = urllib.parse.urlencode(
                {
                    "grant_type": "client_credentials",
                    "client_id": self.client_id,
                    "client_secret": self.client_secret,
                }
            )
            answer = ask("POST", f"{self.url}/connect/token", words.encode(), FORM)
            assert answer.status == 200, answer
            self._token = answer.json["access_token"]
        return self._token

    def said(self, case: str) -> list[str]:
        """The texts of a case's activities, in the order of its timeline."""
        rows = self.odata(
            "Activity?$select=Id,DetailedResult,CreatedOn"
            f"&$filter=Case/Id eq {case}&$orderby=CreatedOn,Id"
        )
        return [row["DetailedResult"] for row in rows]

    def wait_until_said(self, case: str, *texts: str) -> list[str]:
        """Until the customer's words stand on the case, each once and in this order."""
        return eventually(
            lambda: found if _in_order(found := self.said(case), texts) else [],
            what=f"{texts} on the case {case}",
        )


def _in_order(found: list[str], wanted: tuple[str, ...]) -> bool:
    places = [[n for n, text in enumerate(found) if words in text] for words in wanted]
    return all(len(place) == 1 for place in places) and places == sorted(places)
