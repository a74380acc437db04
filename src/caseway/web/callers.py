"""Who calls: behind a reverse proxy the connection's other end is the proxy, not the caller."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address

from starlette.types import Scope

from caseway.outbound import unwrapped

Network = IPv4Network | IPv6Network


class Callers:
    """Believes `X-Forwarded-For` from the given networks alone, read from its end.

    What stands further to the front was said by the caller, who may say anything.
    """

    def __init__(self, proxies: Iterable[Network]) -> None:
        self._proxies = tuple(proxies)
        self._is_proxy = lru_cache(maxsize=1024)(self._judge)

    def tell(self, scope: Scope) -> None:
        """Put the caller's own address in the place of the proxy's."""
        client = scope.get("client")
        if client is None or not self._is_proxy(client[0]):
            return
        for named in reversed(_forwarded(scope)):
            address = _bare(named)
            if not _is_address(address):
                return  # no list of addresses: the proxy is all that is known
            scope["client"] = (address, 0)
            if not self._is_proxy(address):
                return

    def _judge(self, text: str) -> bool:
        try:
            address = unwrapped(ip_address(text))
        except ValueError:
            return False
        return any(
            address.version == network.version and address in network for network in self._proxies
        )


def _forwarded(scope: Scope) -> list[str]:
    values = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    if not values:
        return []
    return [part.strip() for part in b",".join(values).decode("latin-1").split(",")]


def _bare(named: str) -> str:
    """Some proxies add the port: `203.0.113.7:4711`, `[2001:db8::7]:4711`."""
    if named.startswith("["):
        return named[1:].partition("]")[0]
    return named.partition(":")[0] if named.count(":") == 1 else named


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
