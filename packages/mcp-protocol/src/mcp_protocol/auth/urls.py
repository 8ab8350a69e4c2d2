"""URLs of the operator's authorization server: tokens and keys travel there, so they are https. Pure."""

from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from mcp_protocol.errors import SettingsError

# What a quoted header value or a JSON document could be broken with.
_BREAKING = frozenset('"\\<>`{}|^ ')


def secure_url(url: str, what: str, *, query: bool = False) -> SplitResult:
    """The parts of a URL that is https, or reaches only this machine.

    Raises:
        SettingsError: it is something else, or has a user, a fragment or (unless `query`) a query.
    """
    try:
        parts = urlsplit(url)
        known = bool(parts.hostname) and parts.port != 0
    except ValueError:
        parts, known = None, False
    if parts is None or not known or not url.isascii() or not url.isprintable() or _BREAKING & set(url):
        raise SettingsError(f"{what} must be a URL such as https://auth.example.com, not {url!a}.")
    if parts.fragment or "#" in url or "@" in parts.netloc or ("?" in url and not query):
        raise SettingsError(f"{what} must have no user, query or fragment.")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts.hostname or "")):
        raise SettingsError(f"{what} must begin with https://; plain http is for this machine alone.")
    return parts


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
