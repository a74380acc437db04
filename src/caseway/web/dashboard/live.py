"""Tells a page that something changed. What it is, the page asks for itself: it is drawn once,
in one place, whether it is opened or refreshed.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from caseway.ports import Later
from caseway.web.widget.watching import Watchers

HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
PING: Final = b": ping\n\n"
PING_EVERY: Final = timedelta(seconds=15)
# Then the page connects again, and passes the door again: a revoked sign-in hears no more.
AT_MOST: Final = timedelta(minutes=5)
SUBJECT: Final = "dashboard"

Changed = Callable[[], Awaitable[str]]


async def stream(request: Request, changed: Changed, every: timedelta) -> Response:
    """`changed` says how things stand, in a short token without line ends. The page is told the
    first one and each that differs. It may raise `Later`: then nothing is said until it answers.

    Raises `Problem` when there are too many streams.
    """
    watchers: Watchers = request.app.state.watchers
    cookies = request.headers.get("cookie", "")
    following = _follow(watchers, (SUBJECT, cookies), changed, every)
    # The first part is made before the answer begins: too many streams is still a refusal.
    first = await anext(following)
    return StreamingResponse(
        _with_first(first, following), media_type="text/event-stream", headers=HEADERS
    )


async def _follow(
    watchers: Watchers, session: tuple[str, str], changed: Changed, every: timedelta
) -> AsyncIterator[bytes]:
    said = ""
    silent = waited = timedelta()
    with watchers.watch(session) as watch:
        watch.of([SUBJECT])  # hears at least that the process stops
        while not watchers.is_closing and waited < AT_MOST:
            token = await _token(changed, said)
            if token != said or not waited:
                said, silent = token, timedelta()
                yield f"event: changed\ndata: {token}\n\n".encode()
            elif silent >= PING_EVERY:
                silent = timedelta()
                yield PING
            await watch.wait(every)
            silent += every
            waited += every


async def _token(changed: Changed, said: str) -> str:
    try:
        return await changed()
    except Later:
        return said


async def _with_first(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for part in rest:
        yield part
