"""Pages without navigation: for who is not signed in, and for what cannot be shown."""

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from caseway.ports import Later
from caseway.web import failures
from caseway.web.pages import page
from caseway.web.problems import Problem

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
ASSETS: Final = ("alone.css", "strength.js")
# What a person reads over a refusal; a program gets the phrase of its status.
TITLES: Final = {
    400: "This cannot be read",
    401: "You are signed out",
    403: "You may not do this",
    404: "There is nothing here",
    409: "Not as things stand now",
    422: "This cannot be",
    429: "Too much at once",
    503: "Not right now",
}
OTHERWISE: Final = "This did not work"
NOWHERE: Final = "The address may be cut off, or what stood here was removed."


def draw(template: str, *, status: int = 200, **values: object) -> Response:
    """`templates/dashboard/<template>`, which extends alone.html."""
    content = page(f"dashboard/{template}").render(values)
    # What is in a sign-in link's address is not told to whoever is asked for next.
    headers = {
        "Content-Security-Policy": POLICY,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
    }
    return HTMLResponse(content, status, headers=headers)


def refusal(problem: Problem) -> Response:
    """What an API caller would get as JSON, for a person."""
    response = draw(
        "refused.html",
        status=problem.status,
        title=TITLES.get(problem.status, OTHERWISE),
        detail=NOWHERE if problem.detail == failures.NOT_FOUND else problem.detail,
        passes=problem.status == 503,
    )
    response.headers.update(problem.headers)
    return response


async def told(answering: Awaitable[Response]) -> Response:
    """The answer, or why there is none."""
    try:
        return await answering
    except Problem as problem:
        return refusal(problem)
    except Later as failure:
        wait = failure.retry_after or failures.RETRY
        return refusal(Problem(503, failures.UNREACHABLE, retry_after=wait))


def open_route(
    path: str, endpoint: Callable[[Request], Awaitable[Response]], *methods: str
) -> Route:
    """A page for everybody: it stands behind no door."""

    async def answer(request: Request) -> Response:
        return await told(endpoint(request))

    return Route(path, answer, methods=methods, include_in_schema=False)
