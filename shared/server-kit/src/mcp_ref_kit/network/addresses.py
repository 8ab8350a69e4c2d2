"""What kind of address sixteen or four bytes are: one explicit table. Pure.

`ipaddress.is_global` is not asked: it calls 64:ff9b::7f00:1, 2002:7f00:1::, fec0::1, ::127.0.0.1, 224.0.0.1 and the
metadata address 168.63.129.16 global. Addresses are judged as the bytes that a socket is given, never as text.
"""

import socket
from enum import IntEnum
from ipaddress import IPv4Network, IPv6Network, ip_network


class Kind(IntEnum):
    """How far an address may be reached from; the greater, the less a policy can lift."""

    PUBLIC = 0
    PRIVATE = 1
    """This machine or its network: lifted by `allow_private`."""
    RESERVED = 2
    """Nothing that a page is served from: lifted only by a network that is named."""
    METADATA = 3
    """Credentials of a cloud machine: lifted only when named alone."""


_IPV4: tuple[tuple[str, Kind], ...] = (
    ("0.0.0.0/8", Kind.RESERVED),  # Linux takes 0.0.0.0 for this machine
    ("10.0.0.0/8", Kind.PRIVATE),
    ("100.64.0.0/10", Kind.PRIVATE),
    ("127.0.0.0/8", Kind.PRIVATE),
    ("169.254.0.0/16", Kind.RESERVED),
    ("172.16.0.0/12", Kind.PRIVATE),
    ("192.0.0.0/24", Kind.RESERVED),
    ("192.0.2.0/24", Kind.RESERVED),
    ("192.88.99.0/24", Kind.RESERVED),
    ("192.168.0.0/16", Kind.PRIVATE),
    ("198.18.0.0/15", Kind.PRIVATE),
    ("198.51.100.0/24", Kind.RESERVED),
    ("203.0.113.0/24", Kind.RESERVED),
    ("224.0.0.0/4", Kind.RESERVED),
    ("240.0.0.0/4", Kind.RESERVED),
    ("169.254.169.254/32", Kind.METADATA),
    ("169.254.170.2/32", Kind.METADATA),  # credentials of a container task
    ("169.254.170.23/32", Kind.METADATA),  # credentials of a pod
    ("100.100.100.200/32", Kind.METADATA),
    ("168.63.129.16/32", Kind.METADATA),
    ("192.0.0.192/32", Kind.METADATA),
)
_IPV6: tuple[tuple[str, Kind], ...] = (
    ("2001::/23", Kind.RESERVED),  # protocol assignments, Teredo among them
    ("2001:db8::/32", Kind.RESERVED),
    ("3fff::/20", Kind.RESERVED),
    ("::1/128", Kind.PRIVATE),
    ("fc00::/7", Kind.PRIVATE),
    ("fd00:ec2::/32", Kind.METADATA),
    ("fd20:ce::254/128", Kind.METADATA),
)
_UNICAST = ip_network("2000::/3")

_MAPPED = bytes(10) + b"\xff\xff"
_TRANSLATED = bytes(8) + b"\xff\xff\0\0"
_NAT64 = bytes.fromhex("0064ff9b") + bytes(8)
_SIX_TO_FOUR = b"\x20\x02"
_TEREDO = b"\x20\x01\0\0"
_ISATAP = frozenset({bytes.fromhex("00005efe"), bytes.fromhex("02005efe")})

Ranges = tuple[tuple[int, int, Kind], ...]


def _ranges(table: tuple[tuple[str, Kind], ...]) -> Ranges:
    networks = [(ip_network(text), kind) for text, kind in table]
    return tuple((int(network.network_address), int(network.broadcast_address), kind) for network, kind in networks)


_IPV4_RANGES = _ranges(_IPV4)
_IPV6_RANGES = _ranges(_IPV6)


def packed(text: str) -> bytes | None:
    """The bytes of an address as a resolver writes it; None for anything else, a scoped address among them."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            return socket.inet_pton(family, text)
        except (OSError, ValueError):  # ValueError: an embedded null
            continue
    return None


def written(address: bytes) -> str:
    """The one way to write an address."""
    return socket.inet_ntop(socket.AF_INET if len(address) == 4 else socket.AF_INET6, address)  # noqa: PLR2004  IPv4


def kind_of(address: bytes) -> Kind:
    """The kind of an address; for an IPv6 address that contains an IPv4 one, the worse of both."""
    if len(address) == 4:  # noqa: PLR2004  bytes of an IPv4 address
        return _listed(int.from_bytes(address), _IPV4_RANGES, Kind.PUBLIC)
    if address.startswith((_MAPPED, _NAT64)):
        return kind_of(address[12:])
    outer = _outer(address)
    return max([outer, *(kind_of(inner) for inner in embedded(address))])


def embedded(address: bytes) -> list[bytes]:
    """The IPv4 addresses that an IPv6 address would reach through a translator or a tunnel."""
    found: list[bytes] = []
    if address.startswith((_MAPPED, _NAT64, _TRANSLATED)) or _is_compatible(address):
        found.append(address[12:])
    if address.startswith(_SIX_TO_FOUR):
        found.append(address[2:6])
    if address.startswith(_TEREDO):
        found += [address[4:8], bytes(byte ^ 0xFF for byte in address[12:])]
    if address[8:12] in _ISATAP:
        found.append(address[12:])
    return found


def _is_compatible(address: bytes) -> bool:
    return 1 < int.from_bytes(address) < 1 << 32  # :: and ::1 are addresses of their own


def _outer(address: bytes) -> Kind:
    number = int.from_bytes(address)
    inside = int(_UNICAST.network_address) <= number <= int(_UNICAST.broadcast_address)
    return _listed(number, _IPV6_RANGES, Kind.PUBLIC if inside else Kind.RESERVED)


def _listed(number: int, ranges: Ranges, otherwise: Kind) -> Kind:
    kinds = [kind for first, last, kind in ranges if first <= number <= last]
    return max(kinds, default=otherwise)


class Network:
    """A network that the operator names: `10.1.0.0/16`, `fd00::/8`, or one address."""

    def __init__(self, network: IPv4Network | IPv6Network) -> None:
        self._network = network
        self._first = int(network.network_address)
        self._last = int(network.broadcast_address)
        self._length = network.max_prefixlen // 8

    @classmethod
    def parse(cls, text: str) -> "Network":
        """Read a network as it is written.

        Raises:
            ValueError: it is none, or has bits set beyond its prefix.
        """
        try:
            return cls(ip_network(text.strip().replace("%", " ")))  # no address with a scope
        except ValueError:
            raise ValueError("must be a network such as 10.1.0.0/16, fd00::/8 or 127.0.0.1/32") from None

    @property
    def alone(self) -> bool:
        """Whether it is one address."""
        return self._first == self._last

    def __contains__(self, address: bytes) -> bool:
        return len(address) == self._length and self._first <= int.from_bytes(address) <= self._last

    def __str__(self) -> str:
        return str(self._network)
