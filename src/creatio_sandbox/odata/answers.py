"""What goes back on the wire, and how each failure is worded.

The texts are those of the framework over there and of captured answers; a client should match
on status and quoted names only.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from creatio_sandbox.failures import (
    Broken,
    Malformed,
    Missing,
    NotModelled,
    Refused,
    UnknownProperty,
)

JSON: Final = "application/json; odata.metadata=minimal"
PLAIN_JSON: Final = "application/json; charset=utf-8"
VERSION: Final = {"OData-Version": "4.0"}


@dataclass(frozen=True, slots=True)
class Call:
    """One request, alone or as part of a batch."""

    method: str
    path: str  # after odata/, decoded
    query: str  # raw
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    root: str  # http://host:port/0/odata, without a slash at the end

    def prefers(self, what: str) -> bool:
        """Whether the Prefer header names it, as in `return=minimal`."""
        named = self.headers.get("prefer", "").replace(";", ",").split(",")
        return what in {each.strip().lower() for each in named}

    @property
    def wants_decimals_as_text(self) -> bool:
        return "ieee754compatible=true" in self.headers.get("accept", "").lower()


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        return self.status >= 400


class BadQuery(Refused):
    """A query option that does not parse, or asks for what the model does not have."""


class NoRight(Refused):
    """A user without the right to do that with an entity."""

    def __init__(self, entity: str, status: int) -> None:
        super().__init__(f'Current user does not have permissions for the "{entity}" object')
        self.status = status  # 403 or 500: nobody knows which, so it can be chosen


class NoSuchResource(Refused):
    """Nothing is routed there."""

    def __init__(self, uri: str, controller: str | None = None) -> None:
        super().__init__(uri)
        self.controller = controller


class WrongMethod(Refused):
    """The resource exists, the verb does not."""


class WrongType(Refused):
    """A body in a format that is not read here."""


def answer_json(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Answer:
    all_headers = {"Content-Type": JSON, **VERSION, **(headers or {})}
    return Answer(status, msgspec.json.encode(body), all_headers)


def error(status: int, message: str, inner: str | None = None, kind: str = "") -> Answer:
    body: dict[str, Any] = {"code": "", "message": message}
    if inner is not None:
        body["innererror"] = {"message": inner, "type": kind, "stacktrace": ""}
    return answer_json(status, {"error": body})


def no_resource(uri: str, controller: str | None) -> Answer:
    body = {"Message": f"No HTTP resource was found that matches the request URI '{uri}'."}
    if controller is not None:
        body["MessageDetail"] = (
            f"No type was found that matches the controller named '{controller}'."
        )
    return Answer(404, msgspec.json.encode(body), {"Content-Type": PLAIN_JSON})


def refusal(failure: Refused) -> Answer:
    match failure:
        case UnknownProperty():
            use = "Make sure to only use property names that are defined by the type."
            return error(400, "The request is invalid.", f"item : {failure} {use}")
        case Malformed():
            return error(400, "The request is invalid.", f"item : {failure}")
        case BadQuery():
            lead = "The query specified in the URI is not valid."
            return error(400, f"{lead} {failure}", str(failure).removesuffix("."))
        case Missing():
            return Answer(404)
        case NoSuchResource():
            return no_resource(str(failure), failure.controller)
        case WrongMethod():
            text = f"The requested resource does not support http method '{failure}'."
            body = msgspec.json.encode({"Message": text})
            return Answer(405, body, {"Content-Type": PLAIN_JSON})
        case WrongType():
            text = (
                f"The request entity's media type '{failure}' is not supported for this resource."
            )
            body = msgspec.json.encode({"Message": text})
            return Answer(415, body, {"Content-Type": PLAIN_JSON})
        case Broken():
            return error(500, "An error has occurred.", str(failure), failure.kind)
        case NoRight():
            message = "An error has occurred." if failure.status == 500 else str(failure)
            kind = "System.Security.SecurityException"
            return error(failure.status, message, str(failure), kind)
        case NotModelled():
            return error(501, f"The sandbox does not model this: {failure}")
        case _:
            raise failure
