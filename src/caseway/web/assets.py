"""Static files: read once, compressed once, and never sent twice to whoever has them."""

import gzip
import hashlib
import mimetypes
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

FOLDER: Final = "static"
ADDRESS: Final = "/static/"
# By preference; the ending under which the build leaves a file's compressed form beside it.
ENCODINGS: Final = {"br": ".br", "gzip": ".gz"}
REVALIDATED: Final = "no-cache"
KEPT: Final = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    content: bytes
    compressed: Mapping[str, bytes]  # by encoding
    media_type: str
    etag: str

    @classmethod
    def of(cls, name: str, content: bytes, compressed: Mapping[str, bytes] = {}) -> "Asset":
        media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        media_type = "text/javascript" if name.endswith(".js") else media_type
        if not compressed and media_type.startswith("text/"):
            compressed = {"gzip": gzip.compress(content, 9, mtime=0)}
        etag = hashlib.sha256(content).hexdigest()[:20]
        return cls(content, compressed, media_type, etag)

    def answer(self, request: Request, *, cross_origin: bool = False) -> Response:
        accepted = request.headers.get("accept-encoding", "")
        ours = [name for name in ENCODINGS if name in self.compressed]
        encoding = next((name for name in ours if name in accepted), "")
        # Each encoding is a representation of its own (RFC 9110, section 8.8.3.3).
        etag = f'"{self.etag}-{encoding}"' if encoding else f'"{self.etag}"'
        known_by_its_hash = request.query_params.get("v") == self.etag
        headers = {
            "ETag": etag,
            "Cache-Control": KEPT if known_by_its_hash else REVALIDATED,
            "Vary": "Accept-Encoding",
        }
        if cross_origin:
            headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        if etag in _listed(request.headers.get("if-none-match", "")):
            return Response(status_code=304, headers=headers)
        if encoding:
            headers["Content-Encoding"] = encoding
        body = self.compressed[encoding] if encoding else self.content
        return Response(body, media_type=self.media_type, headers=headers)


def _listed(header: str) -> list[str]:
    return [tag.strip().removeprefix("W/") for tag in header.split(",")]


def read(name: str) -> Asset | None:
    """One file below static/, by its path there; None where it was not built."""
    return _kept(name) if _static().joinpath(name).is_file() else None


@cache
def _kept(name: str) -> Asset:
    smaller = {
        encoding: beside.read_bytes()
        for encoding, ending in ENCODINGS.items()
        if (beside := _static().joinpath(name + ending)).is_file()
    }
    return Asset.of(name, _static().joinpath(name).read_bytes(), smaller)


def _static() -> Traversable:
    return files("caseway.web").joinpath(FOLDER)


def address(name: str) -> str:
    """Where a page finds the file as it is now: a changed one has another address."""
    asset = read(name)
    return f"{ADDRESS}{name}" if asset is None else f"{ADDRESS}{name}?v={asset.etag}"


def within(folder: str) -> list[str]:
    """Every file of a folder below static/."""
    found = _static().joinpath(folder).iterdir()
    return sorted(f"{folder}/{each.name}" for each in found if each.is_file())


def routes(names: Iterable[str]) -> list[Route]:
    """`/static/<name>` for each of our own files."""
    return [_route(f"{ADDRESS}{name}", asset) for name in names if (asset := read(name))]


def _route(path: str, asset: Asset) -> Route:
    async def give(request: Request) -> Response:
        return asset.answer(request)

    return Route(path, give)
