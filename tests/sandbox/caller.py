"""A plain client for the tests: what it sends and what it gets, nothing in between."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from creatio_sandbox.testing import Sandbox

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: Mapping[str, str]  # names in lower case
    cookies: tuple[str, ...]
    body: bytes

    @property
    def failed(self) -> bool:
        return self.status >= 400

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> Any:
        """The message of an OData error."""
        return self.json["error"]["message"]

    @property
    def inner(self) -> Any:
        return self.json["error"]["innererror"]["message"]

    @property
    def rows(self) -> Any:
        return self.json["value"]


@dataclass
class Caller:
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    root: str = "/0/odata"

    def __post_init__(self) -> None:
        place = urlsplit(self.url)
        self.connection = http.client.HTTPConnection(
            place.hostname or "", place.port or 80, timeout=30
        )

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """A body that is not bytes is sent as JSON."""
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        kind = {"Content-Type": "application/json"} if content is not None else {}
        all_headers = {**kind, **self.headers, **(headers or {})}
        try:
            self.connection.request(method, quote(path, safe="/?&=%$(),+'"), content, all_headers)
            answer = self.connection.getresponse()
            return Reply(
                answer.status,
                {name.lower(): value for name, value in answer.getheaders()},
                tuple(value for name, value in answer.getheaders() if name == "set-cookie"),
                answer.read(),
            )
        except (http.client.HTTPException, OSError):
            self.connection.close()  # the next call dials anew
            raise

    def get(self, path: str, **headers: str) -> Reply:
        return self.send("GET", f"{self.root}/{path}", headers=headers)

    def post(self, path: str, body: object, **headers: str) -> Reply:
        return self.send("POST", f"{self.root}/{path}", body, headers)

    def patch(self, path: str, body: object) -> Reply:
        return self.send("PATCH", f"{self.root}/{path}", body)

    def delete(self, path: str) -> Reply:
        return self.send("DELETE", f"{self.root}/{path}")

    def find(self, entity: str, condition: str, select: str = "Id") -> Reply:
        return self.get(f"{entity}?" + urlencode({"$select": select, "$filter": condition}))

    def sign_in(self, sandbox: Sandbox) -> "Caller":
        """By OAuth; from now on every call carries the token."""
        form = {
            "client_id": sandbox.address.client_id,
            "client_secret": sandbox.address.client_secret,
            "grant_type": "client_credentials",
        }
        answer = self.send("POST", "/connect/token", urlencode(form).encode(), FORM)
        self.headers["Authorization"] = f"Bearer {answer.json['access_token']}"
        return self

    def close(self) -> None:
        self.connection.close()
