"""Who counts as one caller."""

import pytest

from caseway.domain.source import neighbourhood


@pytest.mark.parametrize(
    ("address", "counted_as"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:7:1:aaaa::1", "2001:db8:7:1::/64"),
        ("2001:db8:7:1::2", "2001:db8:7:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("a socket", "a socket"),
    ],
)
def test_one_network_of_ipv6_is_one_caller(address: str, counted_as: str) -> None:
    assert neighbourhood(address) == counted_as
