"""URLs, hosts and origins as an operator writes them: only exact ones, as they are compared exactly. Pure."""

from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

from mcp_protocol.errors import SettingsError


def public_parts(url: str) -> SplitResult:
    """The parts of the public URL.

    Raises:
        SettingsError: it is not a plain http or https URL.
    """
    try:
        parts = urlsplit(url)
        plain = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        parts, plain = None, False
    if parts is None or not plain or parts.query or parts.fragment or "@" in parts.netloc:
        raise SettingsError("`--public-url` must be like https://mcp.example.com/mcp, without user, query or fragment.")
    return parts


def check_hosts(hosts: Iterable[str]) -> None:
    """Refuse what can never be equal to a Host header.

    Raises:
        SettingsError: a pattern or a URL.
    """
    for host in hosts:
        if not host.isascii() or not host.isprintable() or set(host) & set("*/ @?#"):
            raise SettingsError(f"`--http-allowed-hosts` takes exact values such as example.com:8000, not {host!a}.")


def check_origins(origins: Iterable[str]) -> None:
    """Refuse what can never be equal to an Origin header.

    Raises:
        SettingsError: a pattern, or a URL with a path.
    """
    for origin in origins:
        scheme, mark, host = origin.partition("://")
        if not (scheme and mark and host) or not origin.isascii() or set(host) & set("*/ @?#"):
            raise SettingsError(
                f"`--http-allowed-origins` takes exact values such as https://example.com, not {origin!a}."
            )
