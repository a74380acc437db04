"""Where somebody calls from."""

from ipaddress import IPv4Address, IPv6Network, ip_address
from typing import Final

OF_ONE_CUSTOMER: Final = 64  # bits: providers give nobody less of IPv6 (RFC 6177)


def neighbourhood(address: str) -> str:
    """What is counted as one caller: with IPv6, one has as many addresses as one likes."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv4Address):
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(IPv6Network((int(found), OF_ONE_CUSTOMER), strict=False))
