"""What can go wrong with a browser, as tool errors with the words that say what to do next."""

import re

from mcp_protocol.errors import ToolError
from mcp_ref_kit.network import NetworkFault

NEXT_SNAPSHOT = "Call browser_snapshot for the present refs."
INSTALL = (
    "Install one (apt-get install chromium-headless-shell, or: playwright install chromium) or give --executable-path."
)

# What Chromium colours its messages with, and the log of the call that playwright adds.
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_LOG = re.compile(r"(?s)\n(?:Call log|Browser logs|=+ logs|\s+at ).*")
_PATH = re.compile(r"(?<![\w/:.])/(?:[\w.@+-]+/)+[\w.@+-]*")
_MOST = 300


class BrowserError(ToolError):
    """A call that the browser could not do."""


def stale_ref(ref: str) -> BrowserError:
    """The ref names nothing on the present page."""
    return BrowserError(f"There is no element {ref} on the page now.", code="stale_ref", hint=NEXT_SNAPSHOT)


def no_match(selector: str) -> BrowserError:
    """The selector matches nothing."""
    return BrowserError(f"Nothing matches `{selector[:200]}`.", code="no_match", hint=NEXT_SNAPSHOT)


def ambiguous(selector: str, count: int) -> BrowserError:
    """The selector matches several elements."""
    hint = "Use the ref of one, or end the selector with ` >> nth=0`."
    return BrowserError(f"`{selector[:200]}` matches {count} elements.", code="ambiguous", hint=hint)


def timed_out(what: str, seconds: float, why: str = "", hint: str | None = None) -> BrowserError:
    """Something did not happen in time; `why` is what the driver noticed meanwhile."""
    reason = f": {why}" if why else ""
    return BrowserError(f"{what} within {seconds:g} s{reason}.", code="timeout", hint=hint, retryable=True)


def invalid(sentence: str, hint: str | None = None) -> BrowserError:
    """An argument that cannot be used."""
    return BrowserError(sentence, code="invalid_argument", hint=hint)


def crashed(url: str) -> BrowserError:
    """The page's process is gone."""
    where = f" It showed {url[:200]}." if url else ""
    return BrowserError(f"The page has crashed.{where}", code="crashed", hint="Call browser_navigate to go on.")


def unavailable(sentence: str, hint: str | None = INSTALL) -> BrowserError:
    """There is no browser to work with."""
    return BrowserError(sentence, code="browser_unavailable", hint=hint, retryable=True)


def session_expired() -> BrowserError:
    """The same words for a handle that expired, is another's, or was never given out."""
    return BrowserError(
        "There is no such session, or it has expired.",
        code="session_expired",
        hint="Call browser_navigate without `session`, or browser_session with action=create.",
    )


def no_session() -> BrowserError:
    """A call that needs a session and names none."""
    return BrowserError(
        "This call needs `session`.",
        code="no_session",
        hint="browser_navigate or browser_session with action=create returns one.",
    )


def over_limit(sentence: str, hint: str) -> BrowserError:
    """Too many of something."""
    return BrowserError(sentence, code="limit", hint=hint)


def blocked(fault: NetworkFault) -> BrowserError:
    """What the address policy refused, in the codes of this server."""
    code = _BLOCKED.get(fault.code, "invalid_argument")
    hint = "Whoever runs this server could list that very host with --allowed-origins."
    return BrowserError(fault.message, code=code, hint=hint if code == "blocked_address" else None)


_BLOCKED = {
    "blocked_host": "blocked_address",
    "blocked_address": "blocked_address",
    "blocked_port": "blocked_address",
    "blocked_scheme": "blocked_scheme",
    "dns": "failed",
    "connection": "failed",
    "timeout": "timeout",
}


def plain(message: str) -> str:
    """A message of the driver in one line, without colours, logs and paths of this machine."""
    text = _LOG.sub("", _ANSI.sub("", message))
    text = _PATH.sub("[path]", text.partition(": ")[2] or text)
    return " ".join(text.split())[:_MOST]
