"""/healthz, /readyz and /metrics, for those who operate it."""

import asyncio
from datetime import timedelta
from typing import Final

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from caseway.web.parts import Check, Parts

WITHIN: Final = timedelta(seconds=3)


async def alive(request: Request) -> Response:
    """The process answers; nothing else is asked."""
    del request
    return PlainTextResponse("ok\n")


async def ready(request: Request) -> Response:
    """Whether work can be sent here, and if not, what is missing."""
    parts: Parts = request.app.state.parts
    said = await asyncio.gather(*(_ask(check) for check in parts.checks.values()))
    found = dict(zip(parts.checks, said, strict=True))
    is_ready = not any(found.values())
    told = {
        "status": "ready" if is_ready else "not ready",
        "checks": {name: trouble or "ok" for name, trouble in found.items()},
    }
    return Response(
        msgspec.json.encode(told), 200 if is_ready else 503, media_type="application/json"
    )


async def metrics(request: Request) -> Response:
    parts: Parts = request.app.state.parts
    return Response(generate_latest(parts.metrics), media_type=CONTENT_TYPE_LATEST)


async def _ask(check: Check) -> str:
    try:
        async with asyncio.timeout(WITHIN.total_seconds()):
            return await check()
    except TimeoutError:
        return f"no answer within {WITHIN.total_seconds():.0f} s"


routes: Final = [
    Route("/healthz", alive),
    Route("/readyz", ready),
    Route("/metrics", metrics),
]
