"""Web services as an administrator registers them: an address, methods, parameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import quote, urlencode

import msgspec

from creatio_sandbox.calling import Outgoing
from creatio_sandbox.database import Database
from creatio_sandbox.shortform import said

Place = Literal["body", "query", "address", "header"]
Type = Literal["Text", "Integer", "Boolean"]
RequestType = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
CONTENT_TYPES: Final = (JSON, FORM, "text/plain")
TRUTHS: Final = frozenset({"true", "yes", "1"})


class RequestParameter(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    code: str
    place: Place = "body"
    type: Type = "Text"
    default: str = ""


class Method(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    code: str
    name: str = ""
    address: str = ""  # after the service's own, with {parameters}
    request_type: RequestType = "POST"
    content_type: str = JSON
    timeout_ms: int = 5000
    parameters: list[RequestParameter] = []

    @property
    def has_body(self) -> bool:
        return self.request_type != "GET"


class WebService(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    code: str
    name: str
    uri: str
    type: Literal["REST"] = "REST"
    retries: int = 0
    description: str = ""
    methods: list[Method] = []

    def method(self, code: str) -> Method | None:
        return next((each for each in self.methods if each.code == code), None)

    def complete_address(self, method: Method) -> str:
        if not method.address:
            return self.uri
        glue = "" if method.address.startswith("?") else "/"
        return f"{self.uri.rstrip('/')}{glue}{method.address.lstrip('/')}"


@dataclass(frozen=True, slots=True)
class ServiceBook:
    """The registered services, by code. Small, read at each call."""

    database: Database

    def all(self) -> list[WebService]:
        rows = self.database.all("SELECT body FROM _services ORDER BY code COLLATE NOCASE")
        return [msgspec.json.decode(row[0], type=WebService) for row in rows]

    def one(self, code: str) -> WebService | None:
        row = self.database.one("SELECT body FROM _services WHERE code = ?", (code,))
        return None if row is None else msgspec.json.decode(row[0], type=WebService)

    def keep(self, service: WebService) -> WebService:
        self.database.run(
            "INSERT OR REPLACE INTO _services VALUES (?, ?)",
            (service.code, msgspec.json.encode(service)),
        )
        return service

    def remove(self, code: str) -> bool:
        return self.database.run("DELETE FROM _services WHERE code = ?", (code,)) > 0


def request_of(service: WebService, method: Method, values: Mapping[str, Any]) -> Outgoing:
    """`values` by parameter; one that is not among them takes its default."""
    given = [(each, values.get(each.code, each.default)) for each in method.parameters]
    address = service.complete_address(method)
    for each, value in given:
        if each.place == "address":
            address = address.replace(f"{{{each.code}}}", quote(said(value), safe=""))
    query = urlencode([(e.code, said(v)) for e, v in given if e.place == "query"])
    if query:
        address += f"{'&' if '?' in address else '?'}{query}"
    headers = {e.code: said(v) for e, v in given if e.place == "header"}
    body = b""
    if method.has_body:
        headers.setdefault("Content-Type", method.content_type)
        body = _body(method.content_type, [(e, v) for e, v in given if e.place == "body"])
    return Outgoing(
        method=method.request_type,
        url=address,
        headers=headers,
        body=body,
        timeout_ms=method.timeout_ms,
        retries=service.retries,
    )


def _body(content_type: str, given: list[tuple[RequestParameter, Any]]) -> bytes:
    if not given:
        return b""
    match content_type:
        case "application/x-www-form-urlencoded":
            return urlencode([(each.code, said(value)) for each, value in given]).encode()
        case "application/json":
            return msgspec.json.encode({each.code: _typed(each, value) for each, value in given})
        case _:
            return "\n".join(said(value) for _, value in given).encode()


def _typed(parameter: RequestParameter, value: Any) -> str | int | bool:
    text = said(value)
    match parameter.type:
        case "Integer":
            return int(text) if text.lstrip("-").isdigit() else 0
        case "Boolean":
            return text.lower() in TRUTHS
        case "Text":
            return text
