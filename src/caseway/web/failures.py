"""Whatever goes wrong on the way to an answer is said as a problem, and never more than is safe."""

from datetime import timedelta
from typing import Final
from uuid import uuid4

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from caseway.ports import Later, Overloaded
from caseway.web.problems import Problem

log = structlog.get_logger()
UNREACHABLE: Final = (
    "The database cannot be reached right now. What was acknowledged is kept. "
    "Try again in a few seconds."
)
RETRY: Final = timedelta(seconds=2)
NOT_FOUND: Final = "There is nothing at this address."


def install(app: FastAPI) -> None:
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Later, _later)
    app.add_exception_handler(Overloaded, _later)
    app.add_exception_handler(OSError, _later)  # nobody listens at the store's address


async def _problem(request: Request, failure: Exception) -> Response:
    del request
    assert isinstance(failure, Problem)  # noqa: S101 - it is registered for nothing else
    return failure.response()


async def _malformed(request: Request, failure: Exception) -> Response:
    """Names the first field that is wrong; what was sent is not repeated."""
    del request
    assert isinstance(failure, RequestValidationError)  # noqa: S101 - as above
    error = failure.errors()[0]
    where, *names = error["loc"]
    if where == "path":
        return Problem(404, "There is nothing of this id.").response()
    if error["type"] == "json_invalid":
        return Problem(400, "The body is not JSON.").response()
    field = ".".join(str(name) for name in names) or str(where)
    return Problem(400, f"{field}: {error['msg']}.").response()


async def _http(request: Request, failure: Exception) -> Response:
    assert isinstance(failure, HTTPException)  # noqa: S101 - as above
    detail = NOT_FOUND if failure.status_code == 404 else str(failure.detail)
    if allowed := (failure.headers or {}).get("Allow"):
        detail = f"This address takes {allowed}."
    return _said(Problem(failure.status_code, detail, headers=failure.headers), request)


def _said(problem: Problem, request: Request) -> Response:
    """A person reads a page, a program a problem."""
    if "text/html" not in request.headers.get("accept", ""):
        return problem.response()
    from caseway.web.dashboard import alone  # which needs this module

    return alone.refusal(problem)


async def _later(request: Request, failure: Exception) -> Response:
    del request
    wait = failure.retry_after if isinstance(failure, Later) else None
    log.warning("request.put_off", reason=str(failure) or type(failure).__name__)
    return Problem(503, UNREACHABLE, retry_after=wait or RETRY).response()


class Root:
    """Where our own bugs end: told in the log once, to the caller by a reference.

    It stands around everything, and once more inside the framework, which would otherwise answer
    first, with words of its own.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception as bug:
            if scope["type"] != "http":
                raise
            problem = our_bug(bug)
            if not begun:
                await _said(problem, Request(scope))(scope, receive, send)


def our_bug(bug: Exception) -> Problem:
    """Told in the log once, with its traceback."""
    reference = uuid4().hex[:6]
    log.error("request.failed", reference=reference, exc_info=bug)
    return Problem(500, f"Something broke on our side. Nothing was lost. Reference {reference}.")
