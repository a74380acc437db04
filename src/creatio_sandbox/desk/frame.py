"""What the pages of one subject need of the desk as a whole."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from creatio_sandbox.instance import Instance
from creatio_sandbox.people import Person

Endpoint = Callable[[Request], Awaitable[Response]]
MakeRoute = Callable[[str, Endpoint, str], Route]


class Frame(Protocol):
    @property
    def instance(self) -> Instance: ...

    def person(self, request: Request) -> Person:
        """Who looks and writes."""

    def page(self, name: str, request: Request, status: int = 200, **named: Any) -> Response:
        """A template inside the desk's frame."""

    def back(self, request: Request, path: str) -> Response:
        """On to another page; theme and the like are kept."""
