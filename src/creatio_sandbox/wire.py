"""Cutting a caller's connection without a word, which ASGI has no way to say."""

import asyncio
from collections.abc import MutableMapping
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class Wires:
    """The open connections by the caller's address."""

    def __init__(self) -> None:
        self.open: Final[dict[tuple[str, int], asyncio.Transport]] = {}

    def hang_up(self, scope: MutableMapping[str, Any]) -> None:
        transport = self.open.get(tuple(scope.get("client") or ("", 0)))
        if transport is not None:
            transport.abort()

    def protocol(self) -> type[asyncio.Protocol]:
        """Uvicorn's own, which also tells us of its connections."""
        wires = self.open

        class Noted(HttpToolsProtocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn narrows it
                super().connection_made(transport)
                if self.client is not None:
                    wires[self.client] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                if self.client is not None:
                    wires.pop(self.client, None)
                super().connection_lost(exc)

        return Noted
