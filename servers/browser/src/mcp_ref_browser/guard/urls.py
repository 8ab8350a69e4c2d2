"""The URLs that tools are given, judged by their scheme before the browser sees them. Pure.

Chromium itself would open `view-source:file:`, `FILE:` and ` file:`; here a text is trimmed and parsed first, and only
what is left of a short list is passed on, in the spelling that was judged.
"""

import re

from mcp_ref_browser.errors import BrowserError, blocked
from mcp_ref_kit.network import NetworkFault, WebUrl, read_host

BLANK = "about:blank"
_MOST = 8 * 1024
_MOST_INLINE = 2 * 1024 * 1024
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):(.*)", re.DOTALL)
_PORT = re.compile(r"[0-9]{1,5}(?:[/?#]|$)")
# Browsers drop these wherever they stand, so that `fi\tle:` is `file:`.
_DROPPED = re.compile(r"[\t\n\r]")
_EDGES = "".join(map(chr, range(33))) + "\u00a0\u3000\ufeff"
_INLINE = frozenset({"data", "blob"})
_WEB = frozenset({"http", "https"})
_LOOPBACK = re.compile(r"localhost|.*\.localhost|127(?:\.[0-9]+){1,3}|\[::1\]")


def opened(text: str, *, restricted: bool) -> str:
    """The URL to open; `restricted` when there is a list of allowed origins, which data: and blob: have none of.

    Raises:
        BrowserError: `blocked_scheme`, or it is no URL.
    """
    trimmed = _DROPPED.sub("", text.strip(_EDGES))
    scheme, rest = _split(trimmed)
    if scheme == "about":
        if trimmed.lower() == BLANK:
            return BLANK
        raise _scheme("about")
    if scheme in _INLINE and not restricted and len(trimmed) <= _MOST_INLINE:
        return trimmed
    if scheme is not None and scheme not in _WEB:
        raise _scheme(scheme)
    return _web(trimmed if scheme else f"{_usual_scheme(rest)}://{rest}")


def web_url(text: str) -> WebUrl | None:
    """The parsed form of an opened URL; None for those without a host."""
    return WebUrl.parse(text) if text.startswith(("http:", "https:")) else None


def _web(text: str) -> str:
    if len(text) > _MOST:
        raise BrowserError(f"The URL is longer than {_MOST} characters.", code="invalid_argument")
    address, mark, fragment = text.partition("#")
    try:
        return str(WebUrl.parse(address.replace(" ", "%20"))) + mark + fragment
    except NetworkFault as fault:
        raise blocked(fault) from fault


def _split(text: str) -> tuple[str | None, str]:
    """The scheme in lower case, None for a bare host with or without a port."""
    found = _SCHEME.fullmatch(text)
    if not found or _PORT.match(found[2]):
        return None, text
    return found[1].lower(), found[2]


def _usual_scheme(rest: str) -> str:
    host = re.split(r"[/?#]", rest, maxsplit=1)[0]
    bare = host if host.endswith("]") else host.partition(":")[0]
    if _LOOPBACK.fullmatch(bare.lower().removesuffix(".")):
        return "http"
    try:
        address = read_host(bare).address
    except NetworkFault:
        address = None
    return "http" if address is not None and address[:1] == b"\x7f" else "https"


def _scheme(scheme: str) -> BrowserError:
    return BrowserError(
        f"`{scheme[:40]}:` URLs are not opened.", code="blocked_scheme", hint="Only http, https and about:blank are."
    )
