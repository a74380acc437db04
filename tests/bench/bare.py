"""The sandbox's framework and server with no sandbox in it: `python -m tests.bench.bare`.

A GET finds fixed JSON, a POST has its JSON read and gets fixed JSON back. Says where it answers.
"""

import socket
from typing import Final

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from creatio_sandbox.server import run_to_the_end

RECORD: Final = msgspec.json.encode(
    {
        "@odata.context": "http://127.0.0.1/0/odata/$metadata#Case(Id,Number,Subject)/$entity",
        "Id": "7fffffff-0000-4000-8000-00000007a120",
        "Number": "SR00500001",
        "Subject": "Rear brake squeals",
    }
)
HEADERS: Final = [
    (b"content-type", b"application/json; odata.metadata=minimal"),
    (b"content-length", str(len(RECORD)).encode()),
    (b"odata-version", b"4.0"),
]


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    if scope["method"] == "POST":
        msgspec.json.decode(body)
    status = 201 if scope["method"] == "POST" else 200
    await send({"type": "http.response.start", "status": status, "headers": HEADERS})
    await send({"type": "http.response.body", "body": RECORD})


async def serve() -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    app = Starlette(routes=[Mount("/", answer)])
    config = uvicorn.Config(app, ws="none", log_config=None, access_log=False, server_header=False)
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    await uvicorn.Server(config).serve(sockets=[listener])


if __name__ == "__main__":
    run_to_the_end(serve())
