"""A port for a server whose address must be known before it is there."""

import socket
from typing import Final

KEPT: Final[list[socket.socket]] = []


def free_port() -> int:
    """Nobody else is given it until this process ends, but a server may listen on it.

    One that was merely looked up can be gone in the next moment: every call out takes a port of
    the same range. Two sockets may have a port on Linux if both allow it and one listens at most.
    """
    kept = socket.socket()
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    kept.bind(("127.0.0.1", 0))
    KEPT.append(kept)
    port: int = kept.getsockname()[1]
    return port
