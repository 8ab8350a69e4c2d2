"""The URL under which clients reach a server that stands behind a proxy. Pure."""

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
