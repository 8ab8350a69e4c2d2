"""The one grammar of URLs: what is judged is what is asked, since nothing parses the text a second time. Pure."""

import re
from typing import Self

from msgspec import Struct

from mcp_ref_kit.network.faults import BlockedScheme, InvalidUrl
from mcp_ref_kit.network.hosts import Host, read_host

MOST_CHARACTERS = 8 * 1024
DEFAULT_PORTS = {"http": 80, "https": 443}

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
# C0 controls, space, DEL and C1; the backslash, which some parsers take for a slash.
_NEVER = re.compile(r"[\x00-\x20\x7f-\x9f\\]")
_ENCODED_IN_TARGET = re.compile(r"[^!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]|%(?![0-9A-Fa-f]{2})")
_PORT = re.compile(r"[0-9]{1,5}")
_LOOKS_LIKE_PORT = re.compile(r"[0-9]{2,5}(?:/|$)")
_HIGHEST_PORT = 65535


class WebUrl(Struct, frozen=True):
    """An http or https URL without fragment, in one spelling."""

    scheme: str
    host: Host
    port: int
    target: str
    """Path and query, as they are sent."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a whole URL; the fragment is dropped.

        Raises:
            InvalidUrl: it is none.
            BlockedScheme: its scheme is neither http nor https.
        """
        if len(text) > MOST_CHARACTERS:
            raise InvalidUrl(f"The URL is longer than {MOST_CHARACTERS} characters.")
        if _NEVER.search(text):
            raise InvalidUrl("The URL contains a space, a control character or a backslash.")
        scheme, rest = _scheme(text)
        if not rest.startswith("//"):
            raise InvalidUrl(f"The URL needs two slashes after `{scheme}:`.")
        end = min((found for mark in "/?#" if (found := rest.find(mark, 2)) >= 0), default=len(rest))
        host, port = _authority(rest[2:end], scheme)
        return cls(scheme, host, port, _target(rest[end:]))

    def join(self, reference: str) -> "WebUrl":
        """The URL that a reference means here, as in a Location header.

        Raises:
            InvalidUrl: it means none.
            BlockedScheme: it leads to another scheme.
        """
        reference = reference.strip(" \t\r\n").replace(" ", "%20")
        if _SCHEME.match(reference):
            return WebUrl.parse(reference)
        path, _, _ = self.target.partition("?")
        match reference[:1]:
            case "":
                return self
            case "#":
                return self
            case "?":
                return WebUrl.parse(f"{self.origin}{path}{reference}")
            case "/":
                return WebUrl.parse(f"{self.scheme}:{reference}" if reference[:2] == "//" else self.origin + reference)
            case _:
                return WebUrl.parse(f"{self.origin}{path[: path.rfind('/') + 1]}{reference}")

    @property
    def authority(self) -> str:
        """Host and port as the Host header has them."""
        standard = DEFAULT_PORTS[self.scheme] == self.port
        return self.host.bracketed if standard else f"{self.host.bracketed}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme, host and port: `https://example.com:8443`."""
        return f"{self.scheme}://{self.authority}"

    def __str__(self) -> str:
        """The URL in its one spelling."""
        return self.origin + self.target


def _scheme(text: str) -> tuple[str, str]:
    found = _SCHEME.match(text)
    scheme = found[1].lower() if found else ""
    if scheme in DEFAULT_PORTS:
        return scheme, text[len(scheme) + 1 :]
    if not found or "." in scheme or _LOOKS_LIKE_PORT.match(text, found.end()):  # example.com/x, localhost:80
        raise InvalidUrl("The URL has no scheme.", hint=f"Write it in full, such as https://{text[:100].lstrip('/')}")
    raise BlockedScheme(f"`{scheme}:` URLs are not fetched.", hint="Only http and https are.")


def _authority(text: str, scheme: str) -> tuple[Host, int]:
    if "@" in text:
        raise InvalidUrl("The URL contains a user name or password.", hint="Leave out what stands before the `@`.")
    host, colon, port = text, "", ""
    if not text.endswith("]"):
        before, colon, after = text.rpartition(":")
        host, port = (before, after) if colon else (text, "")
    if not port:
        return read_host(host), DEFAULT_PORTS[scheme]
    if not _PORT.fullmatch(port) or not 1 <= int(port) <= _HIGHEST_PORT:
        raise InvalidUrl("The port of the URL is not a number from 1 to 65535.")
    return read_host(host), int(port)


def _target(text: str) -> str:
    text, _, _ = text.partition("#")
    path, mark, query = text.partition("?")
    whole = _without_dots(path or "/") + mark + query
    return _ENCODED_IN_TARGET.sub(_percent, whole)


def _percent(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "replace"))


def _without_dots(path: str) -> str:
    """RFC 3986 5.2.4: `.` and `..` are resolved here, so that rules of robots.txt see the path that is asked."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        plain = segment.lower().replace("%2e", ".")
        if plain == "..":
            del kept[-1:]
        elif plain != ".":
            kept.append(segment)
    if segments[-1].lower().replace("%2e", ".") in {".", ".."}:
        kept.append("")
    return "/" + "/".join(kept)
