"""The OpenAPI description and a page that shows it, without anything from elsewhere."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from caseway.web.api.models import ProblemOut
from caseway.web.pages import page

TITLE: Final = "Caseway API"
DESCRIPTION: Final = (
    "Join any channel with Creatio: contacts write, agents answer in Creatio, and you bring their "
    "replies back. Every call shows an API key; errors are problem details (RFC 9457); a POST may "
    "carry an Idempotency-Key."
)
OPENAPI_PATH: Final = "/api/v1/openapi.json"
METHODS: Final = ("get", "post", "put", "patch", "delete")


def describe(app: FastAPI) -> dict[str, Any]:
    """Built once. FastAPI's own 422 is dropped: what is malformed is answered with 400."""
    if app.openapi_schema is None:
        described = get_openapi(
            title=TITLE, version="1", description=DESCRIPTION, routes=app.routes
        )
        for _, _, operation in _operations(described):
            _drop_foreign_refusal(operation["responses"])
            _say_done(operation["responses"])
        schemas = described["components"]["schemas"]
        schemas.pop("HTTPValidationError", None)
        schemas.pop("ValidationError", None)
        schemas["ProblemOut"] = ProblemOut.model_json_schema()
        app.openapi_schema = described
    return app.openapi_schema


def _drop_foreign_refusal(responses: dict[str, Any]) -> None:
    if "application/json" in responses.get("422", {}).get("content", {}):
        del responses["422"]


def _say_done(responses: dict[str, Any]) -> None:
    for response in responses.values():
        if response["description"] == "Successful Response":
            response["description"] = "Done."


def _operations(described: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    ]


async def documentation(request: Request) -> Response:
    described = request.app.openapi()
    content = page("api.html").render(
        described=described,
        operations=_operations(described),
        schemas=described["components"]["schemas"],
        openapi_path=OPENAPI_PATH,
    )
    return HTMLResponse(
        content, headers={"Content-Security-Policy": "default-src 'none'; style-src 'self'"}
    )


routes: Final = [Route("/api/v1", documentation), Route("/api/v1/docs", documentation)]
