"""Which URLs are fetched, named or compared: https, or plain http between programs of this machine. Pure."""

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from mcp_protocol.client.oauth.failure import AuthorizationFailed, cleaned

# Visible ASCII without what parsers disagree about, and without what makes shells run things inside a word: such URLs
# were made for clients that had a shell open them (CVE-2025-6514).
_URL = re.compile(r"[!#%&(-;=?-Z\[\]_a-z~]{1,2048}")
_PORTS = {"http": 80, "https": 443}


class Places:
    """The places that one server may send its client to."""

    def __init__(self, server: str) -> None:
        """`server` is the URL of the MCP server.

        Raises:
            AuthorizationFailed: it is reached over plain http on another machine, where a token would be readable.
        """
        self.local = _is_loopback(urlsplit(server))
        self.server = self.checked(server, "the server's URL")

    def checked(self, url: str, what: str) -> str:
        """The same URL: https, or (only if the server is on this machine) http on this machine.

        Raises:
            AuthorizationFailed: it is anything else.
        """
        parts = _split(url, what)
        secure = parts.scheme == "https" or (parts.scheme == "http" and self.local and _is_loopback(parts))
        if not secure or not parts.hostname or "@" in parts.netloc or "#" in url:
            raise AuthorizationFailed(f"{what} is {cleaned(url)!r}: only https is used, and http on this machine")
        return url


def canonical(server: str) -> str:
    """The server's URL as a resource identifier."""
    return server.rstrip("/") if urlsplit(server).path == "/" else server


def resource_metadata_urls(server: str) -> list[str]:
    """Where the resource metadata of a server may be (RFC 9728, section 3.1), in the order of trying."""
    origin, path = _origin_and_path(server)
    well_known = f"{origin}/.well-known/oauth-protected-resource"
    return [f"{well_known}{path}", well_known] if path else [well_known]


def server_metadata_urls(issuer: str) -> list[str]:
    """Where the metadata of an authorization server may be (RFC 8414 and OpenID Connect Discovery).

    An issuer with a path is never looked up at the root, which may be another tenant's.
    """
    origin, path = _origin_and_path(issuer)
    urls = [
        f"{origin}/.well-known/oauth-authorization-server{path}",
        f"{origin}/.well-known/openid-configuration{path}",
    ]
    return [*urls, f"{origin}{path}/.well-known/openid-configuration"] if path else urls


def covers(resource: str, server: str) -> bool:
    """Whether a resource identifier can be that of a server: the same origin, and its path or one above it."""
    try:
        named, reached = urlsplit(resource), urlsplit(server)
        if _origin(named) != _origin(reached) or named.fragment or (named.query and named.query != reached.query):
            return False
    except ValueError:
        return False
    above = named.path.rstrip("/")
    return reached.path.rstrip("/") == above or reached.path.startswith(f"{above}/")


def is_native(redirect: str) -> bool:
    """Whether a redirect URL leads to a program of the user's machine, not to a web site."""
    parts = urlsplit(redirect)
    return parts.scheme not in _PORTS or _is_loopback(parts)


def _split(url: str, what: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for what is no number
    except ValueError:
        parts = None
    if parts is None or not _URL.fullmatch(url):
        raise AuthorizationFailed(f"{what} is no URL: {cleaned(url)!r}")
    return parts


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)


def _origin_and_path(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")


def _is_loopback(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
