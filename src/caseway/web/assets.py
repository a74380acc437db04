"""Static files: read once, compressed once, and never sent twice to whoever has them."""

import gzip
import hashlib
import mimetypes
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

FOLDER: Final = "static"
WORTH_COMPRESSING: Final = ("text/", "image/svg")


@dataclass(frozen=True, slots=True)
class Asset:
    content: bytes
    compressed: bytes | None
    media_type: str
    etag: str

    @classmethod
    def of(cls, name: str, content: bytes) -> "Asset":
        media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        media_type = "text/javascript" if name.endswith(".js") else media_type
        small = gzip.compress(content, 9, mtime=0) if media_type.startswith("text/") else None
        etag = hashlib.sha256(content).hexdigest()[:20]
        return cls(content, small, media_type, etag)

    def answer(self, request: Request, *, cross_origin: bool = False) -> Response:
        zipped = self.compressed is not None and "gzip" in request.headers.get(
            "accept-encoding", ""
        )
        # Each encoding is a representation of its own (RFC 9110, section 8.8.3.3).
        etag = f'"{self.etag}-gz"' if zipped else f'"{self.etag}"'
        headers = {"ETag": etag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
        if cross_origin:
            headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        if etag in _listed(request.headers.get("if-none-match", "")):
            return Response(status_code=304, headers=headers)
        if zipped and self.compressed is not None:
            headers["Content-Encoding"] = "gzip"
            return Response(self.compressed, media_type=self.media_type, headers=headers)
        return Response(self.content, media_type=self.media_type, headers=headers)


def _listed(header: str) -> list[str]:
    return [tag.strip().removeprefix("W/") for tag in header.split(",")]


def read(*names: str) -> Asset | None:
    """One file below static/; None where it was not built."""
    found: Traversable = files("caseway.web").joinpath(FOLDER, *names)
    return Asset.of(names[-1], found.read_bytes()) if found.is_file() else None


def routes(names: Iterable[str]) -> list[Route]:
    """`/static/<name>` for each of our own files."""
    return [_route(f"/static/{name}", asset) for name in names if (asset := read(name))]


def _route(path: str, asset: Asset) -> Route:
    async def give(request: Request) -> Response:
        return asset.answer(request)

    return Route(path, give)
