"""The host of a URL: a name in ASCII, or the bytes of an address. Pure.

Every spelling ends in one form before anything is compared: upper case, a trailing dot, Unicode, and the old ways of
writing IPv4 (`2130706433`, `0x7f.1`, `127.1`), which the C library would take for an address behind the back of a check
on text.
"""

import re
import socket

from msgspec import Struct

from mcp_ref_kit.network.addresses import written
from mcp_ref_kit.network.faults import InvalidUrl

# RFC 1035 2.3.4.
_MOST_CHARACTERS = 253
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_IPV6 = re.compile(r"[0-9a-f:.]+")


class Host(Struct, frozen=True):
    """A host: its one spelling, and its bytes if it is an address."""

    name: str
    address: bytes | None = None

    @property
    def bracketed(self) -> str:
        """As it stands in a URL."""
        return f"[{self.name}]" if ":" in self.name else self.name


def read_host(text: str) -> Host:
    """Read a host as it stands in a URL, brackets included.

    Raises:
        InvalidUrl: it is no host.
    """
    if text.startswith("["):
        return _bracketed(text)
    name = (text if text.isascii() else _in_ascii(text)).lower().removesuffix(".")
    if not name or len(name) > _MOST_CHARACTERS:
        raise InvalidUrl("The URL has no host, or one that is too long.")
    labels = name.split(".")
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise InvalidUrl("The host of the URL is not a valid name.")
    if _NUMBER.fullmatch(labels[-1]):
        return _numeric(name)
    return Host(name)


def _bracketed(text: str) -> Host:
    inside = text[1:-1].lower()
    if not text.endswith("]") or not _IPV6.fullmatch(inside):
        raise InvalidUrl("The host of the URL is not a valid IPv6 address.")
    try:
        address = socket.inet_pton(socket.AF_INET6, inside)
    except OSError:
        raise InvalidUrl("The host of the URL is not a valid IPv6 address.") from None
    return Host(written(address), address)


def _numeric(name: str) -> Host:
    """A name that ends in a number is an address or nothing (as in browsers), and is never looked up."""
    try:
        address = socket.inet_aton(name)
    except OSError:
        raise InvalidUrl("The host of the URL is not a valid IPv4 address.") from None
    return Host(written(address), address)


def _in_ascii(text: str) -> str:
    """An international name by UTS 46; full-width digits and letters become plain ones here."""
    try:
        import idna  # noqa: PLC0415  only international names need it
    except ImportError:
        raise InvalidUrl("International names need the package `idna`.", hint="Write the host as xn--.") from None
    try:
        return idna.encode(text, uts46=True).decode("ascii")
    except UnicodeError:
        raise InvalidUrl("The host of the URL is not a valid international name.") from None
