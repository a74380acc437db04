"""How the API's description tells of its refusals."""

from typing import Any, Final

from caseway.web.problems import MEDIA_TYPE

MEANINGS: Final = {
    400: "The request is malformed; `detail` names the field and what was expected.",
    401: "No API key, or one that is unknown or revoked.",
    403: "The API key lacks the scope that `detail` names.",
    404: "There is nothing of this id in your organisation.",
    408: "The body did not arrive in time.",
    409: "Not now: see `detail`.",
    413: "The body is too large.",
    422: "The Idempotency-Key was used for another request.",
    503: "The store cannot be reached. Nothing was done, or a repeat will find it: try again.",
}
READING: Final = (400, 401, 403, 404, 503)
WRITING: Final = (400, 401, 403, 404, 408, 409, 413, 422, 503)


def refusals(*codes: int) -> dict[int | str, dict[str, Any]]:
    schema = {"schema": {"$ref": "#/components/schemas/ProblemOut"}}
    return {
        code: {"description": MEANINGS[code], "content": {MEDIA_TYPE: schema}} for code in codes
    }
