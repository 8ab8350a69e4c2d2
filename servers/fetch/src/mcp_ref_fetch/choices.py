"""Kinds of settings that this server has beside the usual ones; each reads itself from its text. Pure."""

import re
from typing import Self

from msgspec import Struct

from mcp_ref_kit.network import InvalidUrl, read_host

ANY = 0
_HIGHEST = 65535
# RFC 9110 5.1.
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# What the connection is made of, and what would turn a request into another.
_NEVER_SET = frozenset(
    {
        "host", "connection", "content-length", "transfer-encoding", "upgrade", "te", "trailer", "keep-alive",
        "expect", "proxy-authorization", "proxy-connection", "accept-encoding", "range", "referer", "cookie",
        "user-agent",
    }
)  # fmt: skip


class AllowedPort(Struct, frozen=True):
    """A port, or any."""

    number: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a number or `any`.

        Raises:
            ValueError: it is neither.
        """
        text = text.strip()
        if text == "any":
            return cls(ANY)
        if not (text.isascii() and text.isdecimal() and len(text) <= len(str(_HIGHEST)) and 1 <= int(text) <= _HIGHEST):
            raise ValueError("must be a port from 1 to 65535, or `any`")
        return cls(int(text))

    def __str__(self) -> str:
        return str(self.number) if self.number else "any"


class HeaderName(Struct, frozen=True):
    """The name of a header that a call may set, in lower case."""

    name: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a name.

        Raises:
            ValueError: it is no name, or one that is not for callers to set.
        """
        name = text.strip().lower()
        if not _HEADER.fullmatch(name) or name in _NEVER_SET:
            raise ValueError("must be the name of a header that describes what is wanted, such as Accept-Language")
        return cls(name)

    def __str__(self) -> str:
        return self.name


class SecretHeader(Struct, frozen=True):
    """A header for one host, and the environment variable that holds its value."""

    host: str
    name: str
    variable: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `HOST=NAME:VARIABLE`.

        Raises:
            ValueError: it is nothing of the kind.
        """
        host, equals, rest = text.strip().partition("=")
        name, colon, variable = rest.partition(":")
        try:
            host = read_host(host).name
        except InvalidUrl:
            equals = ""
        if not (equals and colon and _HEADER.fullmatch(name) and _VARIABLE.fullmatch(variable)):
            raise ValueError("must have the form HOST=NAME:VARIABLE")
        return cls(host, name.lower(), variable)

    def __str__(self) -> str:
        return f"{self.host}={self.name}:{self.variable}"
