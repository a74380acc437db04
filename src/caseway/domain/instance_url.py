"""The address of a Creatio instance, as people paste it."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

# First parts of a path that belong to a page or a route of Creatio, not to where it is installed.
INSIDE: Final = frozenset(
    {
        "0",
        "connect",
        "dataservice",
        "login",
        "nui",
        "odata",
        "rest",
        "servicemodel",
        "shell",
        "simplelogin",
    }
)


@dataclass(frozen=True, slots=True)
class InstanceUrl:
    url: str  # no trailing slash
    cut: str  # what a pasted page's address had more; empty: nothing

    @property
    def is_plain(self) -> bool:
        """Without TLS: only inside the allowed networks."""
        return self.url.startswith("http://")


def instance_url(text: str) -> InstanceUrl:
    """Raise `ValueError` with a sentence for who typed it."""
    example = "expected an address such as https://mycompany.creatio.com"
    try:
        parts = urlsplit(text.strip())
        named, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(example) from None
    if parts.scheme not in {"http", "https"}:
        raise ValueError(f"{example}, beginning with https://")
    if not named:
        raise ValueError(example)
    if parts.username is not None or parts.password is not None:
        raise ValueError("leave user name and password out of the address: they are given apart")
    kept: list[str] = []
    for step in parts.path.split("/"):
        if step.lower() in INSIDE or "." in step:
            break
        if step:
            kept.append(step)
    host = f"[{named}]" if ":" in named else named
    place = host if port is None else f"{host}:{port}"
    url = "/".join([f"{parts.scheme}://{place}", *kept])
    rest = text.strip()[len(parts.scheme) + len("://") + len(parts.netloc) :]
    cut = rest.removeprefix("".join(f"/{step}" for step in kept))
    return InstanceUrl(url, "" if cut == "/" else cut)
