"""Creatio's own addresses of its system designer and its sections lead to what is here of them.

What an administrator sets up there and the sandbox takes from its command, such as users and
rights, is one page that says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from creatio_sandbox.desk.frame import Frame, MakeRoute

DESIGNER: Final = "/desk/system-designer"
SECTIONS: Final[Mapping[str, str]] = {
    "CaseSection": "/desk",
    "ContactSectionV2": "/desk/contacts",
    "VwProcessLibSection": "/desk/processes",
    "SysProcessLogSectionV2": "/desk/log",
    "WebServiceV2Section": "/desk/web-services",
    "UsersSectionV2": f"{DESIGNER}#users",
    "SysAdminUnitSectionV2": f"{DESIGNER}#roles",
    "OAuthClientAppSection": f"{DESIGNER}#applications",
    "LookupSection": f"{DESIGNER}#lookups",
    "SysSettingsSection": f"{DESIGNER}#settings",
}


@dataclass(frozen=True, slots=True)
class SectionPages:
    frame: Frame

    def routes(self, route: MakeRoute) -> list[Route]:
        return [
            route("/open/{section}", self.open, "GET"),
            route("/system-designer", self.show, "GET"),
        ]

    async def open(self, request: Request) -> Response:
        return RedirectResponse(SECTIONS.get(request.path_params["section"], DESIGNER), 303)

    async def show(self, request: Request) -> Response:
        return self.frame.page("system_designer.html", request)
