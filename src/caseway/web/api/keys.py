"""Who calls the API: the holder of a key, shown as `Authorization: Bearer cwk_…`."""

from typing import Annotated, Final

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import Request

from caseway.domain.ids import OrganisationId
from caseway.ports import ApiKeys
from caseway.web.problems import Problem

SCHEME: Final = HTTPBearer(
    auto_error=False,
    scheme_name="API key",
    description="`Authorization: Bearer cwk_…`, made by `caseway key create`.",
)
NO_KEY: Final = "No API key was shown. Send the header Authorization: Bearer cwk_…"
WRONG_KEY: Final = (
    "This API key is unknown or revoked. An administrator makes a new one: caseway key create NAME."
)


async def _organisation(
    request: Request,
    shown: Annotated[HTTPAuthorizationCredentials | None, Depends(SCHEME)],
) -> OrganisationId:
    if shown is None:
        raise Problem(401, NO_KEY)
    keys: ApiKeys = request.app.state.parts.keys
    holder = await keys.holder(shown.credentials)
    if holder is None:
        raise Problem(401, WRONG_KEY)
    return holder.organisation


Caller = Annotated[OrganisationId, Depends(_organisation)]
