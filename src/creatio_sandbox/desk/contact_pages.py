"""The contacts: a list to find somebody in, and from each the way to their cases."""

from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from creatio_sandbox.desk.frame import Frame, MakeRoute

AT_MOST: Final = 200
CONTACTS: Final = """
SELECT c."Id" AS id, c."Name" AS name, c."Email" AS email,
       coalesce(nullif(c."MobilePhone", ''), c."Phone") AS phone, coalesce(a."Name", '') AS account,
       (SELECT count(*) FROM "Case" k WHERE k."ContactId" = c."Id") AS cases
  FROM "Contact" c LEFT JOIN "Account" a ON a."Id" = c."AccountId"
 WHERE :search = '' OR instr(lower(c."Name" || ' ' || c."Email" || ' ' || c."MobilePhone"),
                             lower(:search)) > 0
 ORDER BY c."ModifiedOn" DESC
 LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class ContactPages:
    frame: Frame

    def routes(self, route: MakeRoute) -> list[Route]:
        return [route("/contacts", self.show, "GET")]

    async def show(self, request: Request) -> Response:
        search = request.query_params.get("find", "").strip()
        return self.frame.page(
            "contacts.html",
            request,
            contacts=self._found(search),
            search=search,
            at_most=AT_MOST,
        )

    def _found(self, search: str) -> list[dict[str, Any]]:
        connection = self.frame.instance.records.database.connection
        cursor = connection.execute(CONTACTS, {"search": search, "limit": AT_MOST})
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]
