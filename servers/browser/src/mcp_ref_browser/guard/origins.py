"""Origins as the operator and callers list them, and whether a destination is one of them. Pure.

Scheme, host and port are compared as parsed values: `https://example.com.evil` has another host than
`https://example.com`, whatever the texts have in common.
"""

import re
from collections.abc import Iterable

from msgspec import Struct

from mcp_ref_kit.network import HostPattern, InvalidUrl, WebUrl, read_host
from mcp_ref_kit.network.hosts import Host

_FORM = re.compile(r"(?:(https?)://)?(\*\.)?([^/:@?#\s]+|\[[0-9a-fA-F:.]+\])(?::(\*|[0-9]{1,5}))?/?")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_PORTS = {"http": 80, "https": 443}
_HIGHEST = 65535
ANY = 0
"""Stands for every port."""


class Destination(Struct, frozen=True):
    """Where a connection goes. `scheme` is None for a tunnel, whose first bytes nobody reads."""

    scheme: str | None
    host: Host
    port: int

    @classmethod
    def of(cls, url: WebUrl) -> "Destination":
        """The destination of a URL."""
        return cls(url.scheme, url.host, url.port)

    @classmethod
    def tunnel(cls, authority: str) -> "Destination":
        """The destination of a CONNECT request.

        Raises:
            InvalidUrl: it is no host with a port.
        """
        host, _, port = authority.rpartition(":")
        if not host or not _PORT.fullmatch(port) or int(port) > _HIGHEST:
            raise InvalidUrl("CONNECT needs a host and a port.")
        return cls(None, read_host(host), int(port))

    @property
    def url(self) -> WebUrl:
        """A URL of this destination, for whoever judges URLs."""
        scheme = self.scheme or ("http" if self.port == _PORTS["http"] else "https")
        return WebUrl(scheme, self.host, self.port, "/")

    def __str__(self) -> str:
        return self.url.origin


class OriginPattern(Struct, frozen=True):
    """One entry of a list; without a scheme both are meant, each with its own port."""

    scheme: str | None
    host: HostPattern
    port: int | None

    @classmethod
    def parse(cls, text: str) -> "OriginPattern":
        """Read `https://h`, `h`, `*.h`, `http://localhost:*`, each with or without a port.

        Raises:
            ValueError: it is none of these.
        """
        found = _FORM.fullmatch(text.strip())
        if not found:
            raise ValueError(f"`{text}` is no origin such as https://example.com, *.example.com or http://localhost:*")
        scheme, below, host, port = found.groups()
        pattern = HostPattern.parse(f"{below or ''}{host}")
        if port is None:
            return cls(scheme, pattern, None if scheme is None else _PORTS[scheme])
        if port != "*" and not 1 <= int(port) <= _HIGHEST:
            raise ValueError(f"`{text}` has no port from 1 to {_HIGHEST}")
        return cls(scheme, pattern, ANY if port == "*" else int(port))

    @property
    def exact(self) -> bool:
        """Whether it names one host and one port."""
        return not self.host.below and self.port not in {None, ANY}

    def matches(self, where: Destination) -> bool:
        """Whether the destination is meant. A tunnel may carry either scheme, so its port decides."""
        if not self.host.matches(where.host):
            return False
        if self.scheme is not None and where.scheme is not None and self.scheme != where.scheme:
            return False
        if self.port is None:
            return where.port == _PORTS[where.scheme] if where.scheme else where.port in _PORTS.values()
        return self.port in {ANY, where.port}

    def covers(self, other: "OriginPattern") -> bool:
        """Whether everything that `other` means is meant here too."""
        schemes = self.scheme is None or self.scheme == other.scheme
        ports = self.port in {ANY, other.port}
        return schemes and ports and self._covers_host(other.host)

    def _covers_host(self, other: HostPattern) -> bool:
        if not self.host.below:
            return self.host == other
        return (other.below and other.name == self.host.name) or other.name.endswith(f".{self.host.name}")

    def __str__(self) -> str:
        port = {None: "", ANY: ":*"}.get(self.port, f":{self.port}")
        if self.scheme is not None and self.port == _PORTS[self.scheme]:
            port = ""
        return f"{self.scheme}://{self.host}{port}" if self.scheme else f"{self.host}{port}"


class Verdict(Struct, frozen=True):
    """What the lists say of a destination."""

    allowed: bool
    named: bool = False
    """Listed by its very host, not as one of those below another, whose addresses are up to whoever has that one."""
    exact: bool = False
    """Listed by its very host and port, not by a wildcard."""


class OriginRules(Struct, frozen=True, kw_only=True):
    """The operator's lists, and the narrower one of a session. `added` are public origins that the user agreed to."""

    allowed: tuple[OriginPattern, ...] = ()
    blocked: tuple[OriginPattern, ...] = ()
    narrower: tuple[OriginPattern, ...] = ()
    added: tuple[OriginPattern, ...] = ()

    @property
    def restricted(self) -> bool:
        """Whether there is a list of what is allowed."""
        return bool(self.allowed or self.narrower)

    def judge(self, where: Destination) -> Verdict:
        """Blocked wins; then every list that there is must have it."""
        if _any(self.blocked, where):
            return Verdict(allowed=False)
        matching = [pattern for pattern in self.allowed if pattern.matches(where)]
        if (matching or not self.allowed) and (not self.narrower or _any(self.narrower, where)):
            named = any(not pattern.host.below for pattern in matching)
            return Verdict(allowed=True, named=named, exact=any(pattern.exact for pattern in matching))
        return Verdict(allowed=_any(self.added, where))


def _any(patterns: Iterable[OriginPattern], where: Destination) -> bool:
    return any(pattern.matches(where) for pattern in patterns)


def parsed(texts: Iterable[str]) -> tuple[OriginPattern, ...]:
    """The patterns of a list.

    Raises:
        ValueError: one of them is none.
    """
    return tuple(OriginPattern.parse(text) for text in texts if text.strip())
