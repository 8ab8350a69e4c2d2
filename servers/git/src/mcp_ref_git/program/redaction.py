"""What git says on stderr, made fit for a caller: no credentials, no paths outside, no end of it. Pure."""

import re
from collections.abc import Iterable

from mcp_ref_kit.content.encodings import safe
from mcp_ref_kit.paths import printable

MOST = 4000

_USERINFO = re.compile(r"(?<=://)[^/\s@'\"]+@")
_PATH = re.compile(r"(?<![\w.:/-])/(?:[^\s'\":;,<>|]+)")
_TOKENS = re.compile(r"(?i)\b(authorization|proxy-authorization|cookie)\s*:\s*\S.*")
HIDDEN = "<path>"


def redacted(text: str, allowed: Iterable[str] = ()) -> str:
    """The text without what stands before the @ of a URL, and without absolute paths but those below `allowed`."""
    tops = tuple(allowed)

    def judged(found: re.Match[str]) -> str:
        path = found.group()
        return path if any(path == top or path.startswith(f"{top}/") for top in tops) else HIDDEN

    text = without_credentials(text)
    return safe(_PATH.sub(judged, text))[:MOST].strip()


def named(text: str) -> str:
    """A caller's own text in an error: without credentials, control characters and the end of what is long."""
    return printable(without_credentials(text))


def without_credentials(text: str) -> str:
    """The text with `***` for user and password of every URL."""
    return _TOKENS.sub(r"\1: ***", _USERINFO.sub("***@", text))
