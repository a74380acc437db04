"""The far side of the chat widget, for tests of the widget alone: its HTTP contract in memory."""

import asyncio
import itertools
import json
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route

PATH = "/widget/v1/{channel}"
LIMIT_CHARACTERS = 8_000


@dataclass(slots=True)
class Refusal:
    """How the next posts are answered, in place of being taken."""

    status: int
    title: str
    detail: str
    retry_after: int | None = None
    times: int = 1


@dataclass(slots=True)
class Talk:
    """One customer's conversation. Written by the test's thread and the server's."""

    state: str = "none"
    messages: list[dict[str, Any]] = field(default_factory=list)
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)


@dataclass(slots=True)
class FarSide:
    """What the test sets and looks at."""

    widget: Path
    html: str = ""
    talks: dict[str, Talk] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    posts: list[dict[str, Any]] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)
    identities: list[str | None] = field(default_factory=list)
    streams: int = 0
    streams_opened: int = 0
    answers_get_lost: int = 0
    channel_refused: bool = False
    greeting: str | None = None
    characters: int = LIMIT_CHARACTERS
    cut: int = 0
    streams_held: bool = False
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def talk(self) -> Talk:
        """The only conversation there is."""
        (only,) = self.talks.values()
        return only

    def texts(self) -> list[str]:
        return [message["text"] for message in self.talk.messages]

    def say(
        self, author: str, text: str, *, name: str | None = None, at: str | None = None
    ) -> None:
        with self._lock:
            self._keep(self.talk, author, text, name=name, at=at)

    def turn(self, state: str) -> None:
        with self._lock:
            self.talk.state = state
            self.talk.events.append(("state", {"state": state}))

    def mark_read(self) -> None:
        with self._lock:
            for message in self.talk.messages:
                if message["author"] == "contact":
                    message["status"] = "read"
                    self.talk.events.append(("message", message))

    def forget_sessions(self) -> None:
        with self._lock:
            self.talks.clear()

    def cut_streams(self) -> None:
        with self._lock:
            self.cut += 1

    def _keep(
        self,
        talk: Talk,
        author: str,
        text: str,
        *,
        name: str | None = None,
        client_id: str | None = None,
        at: str | None = None,
    ) -> dict[str, Any]:
        message = {
            "id": f"m{next(self._numbers)}",
            "author": author,
            "author_name": name,
            "text": text,
            "created_at": at or datetime.now(UTC).isoformat(),
            "client_id": client_id,
            "status": "sent" if author == "contact" else None,
        }
        talk.messages.append(message)
        talk.events.append(("message", message))
        return message

    def _talk_of(self, request: Request) -> Talk | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return self.talks.get(token) if scheme == "Bearer" else None

    async def settings(self, request: Request) -> Response:
        del request
        if self.channel_refused:
            return problem(Refusal(403, "Origin not allowed", "This site is not on the list."))
        return JSONResponse({"greeting": self.greeting, "characters": self.characters})

    async def open_session(self, request: Request) -> Response:
        if self.channel_refused:
            return problem(Refusal(403, "Origin not allowed", "This site is not on the list."))
        self.identities.append((await request.json()).get("identity"))
        with self._lock:
            token = f"cwv_{next(self._numbers)}"
            self.talks[token] = Talk()
        return JSONResponse({"token": token}, status_code=201)

    async def history(self, request: Request) -> Response:
        talk = self._talk_of(request)
        if talk is None:
            return problem(Refusal(401, "Unknown token", ""))
        with self._lock:
            return JSONResponse(
                {"state": talk.state, "messages": talk.messages, "cursor": f"c{len(talk.events)}"}
            )

    async def post(self, request: Request) -> Response:
        asked = await request.json()
        self.posts.append(asked)
        talk = self._talk_of(request)
        if talk is None:
            return problem(Refusal(401, "Unknown token", ""))
        with self._lock:
            if self.refusals:
                refusal = self.refusals[0]
                refusal.times -= 1
                if refusal.times <= 0:
                    self.refusals.pop(0)
                return problem(refusal)
            if len(asked["text"]) > self.characters:
                return problem(Refusal(413, "Too long", "At most 8,000 characters."))
            known = [m for m in talk.messages if m["client_id"] == asked["client_id"]]
            message = (
                known[0]
                if known
                else self._keep(talk, "contact", asked["text"], client_id=asked["client_id"])
            )
            if self.answers_get_lost > 0:
                self.answers_get_lost -= 1
                return problem(Refusal(502, "Bad gateway", ""))
            answer = {**message, "cursor": f"c{len(talk.events)}"}
        return JSONResponse(answer, status_code=200 if known else 201)

    async def stream(self, request: Request) -> Response:
        talk = self._talk_of(request)
        if talk is None:
            return problem(Refusal(401, "Unknown token", ""))
        after = int(request.query_params.get("after", "c0").removeprefix("c"))
        return StreamingResponse(self._follow(talk, after), media_type="text/event-stream")

    async def _follow(self, talk: Talk, after: int) -> AsyncIterator[str]:
        cut = self.cut
        self.streams += 1
        self.streams_opened += 1
        try:
            yield ": hello\n\n"
            while self.cut == cut:
                news = range(0) if self.streams_held else range(after, len(talk.events))
                for position in news:
                    kind, told = talk.events[position]
                    told = {**told, "cursor": f"c{position + 1}"}
                    yield f"event: {kind}\ndata: {json.dumps(told)}\n\n"
                    after = position + 1
                await asyncio.sleep(0.02)
        finally:
            self.streams -= 1

    async def acknowledge(self, request: Request) -> Response:
        if self._talk_of(request) is None:
            return problem(Refusal(401, "Unknown token", ""))
        self.acknowledged.append((await request.json())["cursor"])
        return Response(status_code=204)

    async def script(self, request: Request) -> Response:
        del request
        return FileResponse(self.widget, media_type="text/javascript")

    async def site(self, request: Request) -> Response:
        del request
        return HTMLResponse(self.html)

    def app(self) -> Starlette:
        routes: list[tuple[str, Callable[..., Any], str]] = [
            (f"{PATH}/settings", self.settings, "GET"),
            (f"{PATH}/sessions", self.open_session, "POST"),
            (f"{PATH}/messages", self.history, "GET"),
            (f"{PATH}/messages", self.post, "POST"),
            (f"{PATH}/stream", self.stream, "GET"),
            (f"{PATH}/acknowledgements", self.acknowledge, "POST"),
            ("/widget.js", self.script, "GET"),
            ("/", self.site, "GET"),
        ]
        cors = Middleware(
            CORSMiddleware,
            allow_origins=["*"],
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type"],
            expose_headers=["Retry-After"],
        )
        return Starlette(
            routes=[Route(path, answer, methods=[method]) for path, answer, method in routes],
            middleware=[cors],
        )


def problem(refusal: Refusal) -> JSONResponse:
    wait = refusal.retry_after
    return JSONResponse(
        {"title": refusal.title, "detail": refusal.detail, "status": refusal.status},
        status_code=refusal.status,
        headers={} if wait is None else {"Retry-After": str(wait)},
        media_type="application/problem+json",
    )
