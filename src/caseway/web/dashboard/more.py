"""/settings: all rooms of the settings; on a phone, the last tab."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from caseway.web.dashboard.doors import Doors, Visitor
from caseway.web.dashboard.frame import draw
from caseway.web.dashboard.navigation import MORE


class MorePages:
    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    def routes(self) -> list[Route]:
        return [self._doors.door(MORE.href, self.show, MORE.action)]

    async def show(self, request: Request, visitor: Visitor) -> Response:
        return draw(request, visitor, "more.html")
