"""Who calls the API: the holder of a key, shown as `Authorization: Bearer cwk_…`."""

from typing import Annotated, Final

from fastapi import Depends, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes
from starlette.requests import Request

from caseway.domain.ids import OrganisationId
from caseway.domain.scopes import ALLOWS, Scope
from caseway.ports import ApiKeys
from caseway.web.problems import Problem

SCHEME: Final = HTTPBearer(
    auto_error=False,
    scheme_name="API key",
    description="`Authorization: Bearer cwk_…`, made by `caseway key create` or under "
    "Settings → API keys. "
    + " ".join(f"Scope `{scope}`: {ALLOWS[scope].lower()}." for scope in Scope),
)
NO_KEY: Final = "No API key was shown. Send the header Authorization: Bearer cwk_…"
WRONG_KEY: Final = (
    "This API key is unknown or revoked. An administrator makes a new one: caseway key create NAME."
)
NO_SCOPE: Final = (
    "This API key lacks the scope {scope} ({allows}). An administrator makes one that has it under "
    "Settings → API keys, or by: caseway key create NAME --scope {scope}"
)


async def _organisation(
    request: Request,
    needed: SecurityScopes,
    shown: Annotated[HTTPAuthorizationCredentials | None, Depends(SCHEME)],
) -> OrganisationId:
    """The one place that asks for a key and its scopes; each route says which it needs."""
    if shown is None:
        raise Problem(401, NO_KEY)
    keys: ApiKeys = request.app.state.parts.keys
    source = request.client.host if request.client else ""
    holder = await keys.holder(shown.credentials, source)
    if holder is None:
        raise Problem(401, WRONG_KEY)
    for scope in needed.scopes:
        if scope not in holder.scopes:
            raise Problem(403, NO_SCOPE.format(scope=scope, allows=ALLOWS[Scope(scope)].lower()))
    return holder.organisation


Reader = Annotated[OrganisationId, Security(_organisation, scopes=[Scope.READ])]
Writer = Annotated[OrganisationId, Security(_organisation, scopes=[Scope.WRITE])]
