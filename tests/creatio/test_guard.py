"""Where we do not connect to, whatever an administrator types."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from caseway.outbound import AddressRefused, NotReached, Outside, refusal, unwrapped
from tests.creatio.far import far, says
from tests.creatio.parts import LOOPBACK

# by the registries of RFC 6890 and RFC 5771, written down here on their own
NOT_PUBLIC_4 = [
    ip_network(text)
    for text in [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.2.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    ]
]
NOT_PUBLIC_6 = [
    ip_network(text)
    for text in [
        "::1/128",
        "::/128",
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
        "2001:db8::/32",
        "100::/64",
    ]
]


def inside(network: object) -> "st.SearchStrategy[IPv4Address | IPv6Address]":
    return st.ip_addresses(network=str(network))


@given(st.sampled_from(NOT_PUBLIC_4).flatmap(inside))
def test_no_private_address_is_reached_in_any_spelling(address: IPv4Address) -> None:
    number = int(address)
    spellings: list[IPv4Address | IPv6Address] = [
        address,
        IPv6Address(f"::ffff:{address}"),
        IPv6Address((0x2002 << 112) | (number << 80)),
        IPv6Address((0x64FF9B << 96) | number),
        IPv6Address(number) if number > 1 else address,
    ]
    for spelling in spellings:
        assert refusal(spelling, (), plain=False), spelling


@given(st.sampled_from(NOT_PUBLIC_6).flatmap(inside))
def test_no_private_address_of_the_new_kind_is_reached(address: IPv6Address) -> None:
    assert refusal(address, (), plain=False)


@given(st.ip_addresses(v=4))
def test_every_other_address_of_the_old_kind_is_public(address: IPv4Address) -> None:
    listed = any(address in network for network in NOT_PUBLIC_4)
    reserved = address in ip_network("192.0.0.0/24")  # partly global, see RFC 6890
    if not reserved:
        assert bool(refusal(address, (), plain=False)) == listed


@given(st.ip_addresses())
def test_plain_http_goes_nowhere_without_a_network(address: IPv4Address | IPv6Address) -> None:
    assert refusal(address, (), plain=True)


@given(
    st.one_of(inside("169.254.0.0/16"), inside("fe80::/10")),
    st.booleans(),
)
def test_link_local_is_refused_even_where_everything_is_allowed(
    address: IPv4Address | IPv6Address, plain: bool
) -> None:
    everything = (ip_network("0.0.0.0/0"), ip_network("::/0"))
    assert refusal(address, everything, plain=plain)


@given(inside("10.20.0.0/16"), st.booleans())
def test_an_allowed_network_is_reached_in_every_spelling(address: IPv4Address, plain: bool) -> None:
    allowed = (ip_network("10.20.0.0/16"), ip_network("fd00::/8"))
    assert not refusal(address, allowed, plain=plain)
    assert not refusal(IPv6Address(f"::ffff:{address}"), allowed, plain=plain)
    assert refusal(ip_address("10.21.0.1"), allowed, plain=plain)


def test_an_unwrapped_address_is_the_one_that_is_really_meant() -> None:
    assert str(unwrapped(ip_address("::ffff:10.0.0.1"))) == "10.0.0.1"
    assert str(unwrapped(ip_address("2002:0a00:0001::1"))) == "10.0.0.1"
    assert str(unwrapped(ip_address("64:ff9b::a00:1"))) == "10.0.0.1"
    assert str(unwrapped(ip_address("2a00::1"))) == "2a00::1"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254"]
)
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_nothing_is_sent_to_a_refused_address(host: str, scheme: str) -> None:
    async with far(lambda _: says(200, {})) as there, Outside() as outside:
        port = URL(there.url).port
        with pytest.raises(AddressRefused) as refused:
            await outside.ask(
                "GET", URL(f"{scheme}://{host}:{port}/"), headers={}, within_seconds=60
            )
        link_local = host.startswith("169.254.")  # refused, whatever the operator allows
        wanted = "another address" if link_local else "CASEWAY_ALLOWED_NETWORKS"
        assert wanted in refused.value.remedy
        assert not there.got


async def test_plain_http_to_a_public_address_wants_another_scheme_not_an_allowance() -> None:
    async with Outside() as outside:
        with pytest.raises(AddressRefused) as refused:
            await outside.ask("GET", URL("http://8.8.8.8/"), headers={}, within_seconds=60)
    assert "https://" in refused.value.remedy
    assert "CASEWAY_ALLOWED_NETWORKS" not in refused.value.remedy


async def test_a_name_leads_to_the_addresses_that_are_allowed() -> None:
    async with far(lambda _: says(200, {})) as there, Outside(LOOPBACK[:1]) as outside:
        url = URL(there.url).with_host("localhost")
        answer = await outside.ask("GET", url, headers={}, within_seconds=60)
        assert answer.status == 200
        assert await outside.addresses(url) == ["127.0.0.1"]


@pytest.mark.parametrize("url", ["http://2130706433/", "http://0x7f.1/", "ftp://a.example/", "/x"])
async def test_odd_spellings_are_no_way_around(url: str) -> None:
    async with Outside() as outside:
        with pytest.raises(NotReached):
            await outside.ask("GET", URL(url), headers={}, within_seconds=60)
