"""The table of addresses: every row at its edges, every form that contains another address."""

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_ref_kit.network import Kind, Network, kind_of, packed
from mcp_ref_kit.network.addresses import embedded, written

PUBLIC = ["1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
          "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.0.3.0",
          "192.88.98.255", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "203.0.112.255",
          "223.255.255.255", "168.63.129.15", "2000::", "2606:4700:4700::1111", "2a00::1", "2001:200::", "2001:db7::",
          "2001:db9::", "2003::", "3ffe::", "3fff:1000::", "64:ff9b::8.8.8.8",
          "::ffff:8.8.8.8", "2002:808:808::"]  # fmt: skip
NEVER = ["0.0.0.0",  # noqa: S104  an address to refuse
         "0.255.255.255", "169.254.0.1", "192.0.0.1", "192.0.0.255", "192.0.2.1", "192.88.99.1",
         "198.51.100.1", "203.0.113.255", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
         "::", "::2", "::127.0.0.1", "::8.8.8.8", "::ffff:0:8.8.8.8", "100::1", "64:ff9b:1::1", "64:ff9b::224.0.0.1",
         "fe80::1", "febf::1", "fec0::1", "ff02::1", "2001::1", "2001:1ff::", "2001:db8::1", "3fff::1", "3fff:fff::",
         "4000::1", "1fff::1", "2002:e000:1::", "2001:0:7f00:1::", "5f00::1"]  # fmt: skip
PRIVATE = ["10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.1", "127.255.255.255", "172.16.0.0",
           "172.31.255.255", "192.168.0.0", "192.168.255.255", "198.18.0.0", "198.19.255.255", "::1", "fc00::1",
           "fdff::1", "::ffff:10.0.0.1", "::ffff:7f00:1", "64:ff9b::7f00:1", "2002:7f00:1::", "2a00::5efe:10.0.0.1",
           "2a00::200:5efe:192.168.0.1"]  # fmt: skip
METADATA = ["169.254.169.254", "169.254.170.2", "169.254.170.23", "100.100.100.200", "168.63.129.16", "192.0.0.192",
            "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::1", "::169.254.169.254"]  # fmt: skip
TABLE = [(text, kind) for kind, texts in ((Kind.PUBLIC, PUBLIC), (Kind.RESERVED, NEVER), (Kind.PRIVATE, PRIVATE),
                                          (Kind.METADATA, METADATA)) for text in texts]  # fmt: skip


def of(text: str) -> bytes:
    found = packed(text)
    assert found is not None, text
    return found


@pytest.mark.parametrize(("text", "kind"), TABLE)
def test_every_address_has_its_kind(text: str, kind: Kind) -> None:
    """CVE-2026-49857, GHSA-73c4-w62r-hffg: embedded and hexadecimal forms."""
    assert kind_of(of(text)) == kind


@pytest.mark.parametrize(
    "text", ["64:ff9b::7f00:1", "2002:7f00:1::", "fec0::1", "::127.0.0.1", "192.0.0.8", "224.0.0.1"]
)
def test_what_the_standard_library_calls_global_is_judged_by_our_table(text: str) -> None:
    assert kind_of(of(text)) != Kind.PUBLIC


@given(st.ip_addresses(v=4))
def test_no_ipv4_address_that_is_private_to_the_standard_library_is_public_here(address: ipaddress.IPv4Address) -> None:
    if address.is_private or address.is_multicast or address.is_reserved or address.is_loopback:
        # 192.0.0.9 and .10 are global by their registry entries, and not served from.
        assert kind_of(address.packed) != Kind.PUBLIC


@given(st.ip_addresses(v=6))
def test_no_ipv6_address_outside_global_unicast_is_public(address: ipaddress.IPv6Address) -> None:
    inside = address in ipaddress.ip_network("2000::/3")
    if not inside and not embedded(address.packed):
        assert kind_of(address.packed) != Kind.PUBLIC


@given(st.ip_addresses(v=4), st.sampled_from(["::ffff:0:0", "64:ff9b::", "::", "::ffff:0:0:0", "2a00::5efe:0:0"]))
def test_an_embedded_address_never_makes_one_more_public(inner: ipaddress.IPv4Address, prefix: str) -> None:
    outer = (int(ipaddress.IPv6Address(prefix)) | int(inner)).to_bytes(16)
    if int(inner) > 1:
        assert kind_of(outer) >= kind_of(inner.packed)


@given(st.ip_addresses())
def test_an_address_is_written_in_one_way(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    assert packed(written(address.packed)) == address.packed


@pytest.mark.parametrize("text", ["", "a", "fe80::1%eth0", "1.2.3", "0x7f.0.0.1", "127.0.0.1\0", "::1::", "1.2.3.4/5"])
def test_what_is_no_address_as_sockets_write_it_is_none(text: str) -> None:
    assert packed(text) is None


def test_a_network_contains_its_addresses_and_no_others() -> None:
    network = Network.parse(" 10.1.0.0/16 ")
    assert of("10.1.255.255") in network
    assert of("10.2.0.0") not in network
    assert of("::ffff:10.1.0.1") not in network
    assert (network.alone, str(network)) == (False, "10.1.0.0/16")
    assert Network.parse("::1").alone
    assert socket.inet_pton(socket.AF_INET6, "::1") in Network.parse("::1/128")
    for wrong in ("10.1.0.1/16", "x", "10.1.0.0/33", "", "fe80::1%1"):
        with pytest.raises(ValueError, match="must be a network"):
            Network.parse(wrong)
