"""Creatio's own addresses of a record's page, as others link to them, lead to the desk.

Classic UI names the record behind the `#`, which no server sees: a script tells it. Freedom UI's
addresses are not modelled.
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from creatio_sandbox.desk.frame import Frame, MakeRoute
from creatio_sandbox.failures import Missing

VIEW_MODULES: Final = ("/0/Nui/ViewModule.aspx", "/Nui/ViewModule.aspx")


@dataclass(frozen=True, slots=True)
class CardPages:
    frame: Frame

    def routes(self, route: MakeRoute) -> list[Route]:
        """The page itself shows nothing, so it stands open: a sign-in would lose what is behind
        the #.
        """
        views = [Route(path, self.show, methods=["GET"]) for path in VIEW_MODULES]
        return [*views, route("/open/{page}/{id}", self.open, "GET")]

    async def show(self, request: Request) -> Response:
        return self.frame.page("card.html", request, bare=True)

    async def open(self, request: Request) -> Response:
        page, key = request.path_params["page"], request.path_params["id"]
        return RedirectResponse(self._place(page, _guid(key)), 303)

    def _place(self, page: str, key: str) -> str:
        records = self.frame.instance.records
        if page.startswith("CasePage"):
            return f"/desk/cases/{key}"
        if page.startswith("ActivityPage"):
            activity = records.row("Activity", key)
            if activity is None or not activity["CaseId"]:
                raise Missing(f"The activity {key}, or its case,")
            return f"/desk/cases/{activity['CaseId']}#e-{key}"
        if page.startswith("ContactPage"):
            contact = records.row("Contact", key)
            if contact is None:
                raise Missing(f"The contact {key}")
            return f"/desk/contacts?{urlencode({'find': contact['Name']})}"
        raise Missing(f"The page {page}")


def _guid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise Missing(f"The record {text}") from None
