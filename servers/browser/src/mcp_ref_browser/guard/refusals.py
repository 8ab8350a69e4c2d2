"""What the proxy of a session answered by itself, so that a tab that was going there can be told why.

The browser reports such an answer only as a page with a header of ours, which a server could write as well, or as a
tunnel that failed. What is remembered here is what decides.
"""

from collections import deque

from mcp_protocol.errors import ToolError
from mcp_ref_browser.guard.origins import Destination
from mcp_ref_kit.network import NetworkFault, WebUrl

MOST = 100
Where = str | Destination
"""A URL that was asked for, or where a tunnel should have led."""


class Refusals:
    """The last answers of the proxy, newest last."""

    def __init__(self) -> None:
        self._kept: deque[tuple[Where, ToolError]] = deque(maxlen=MOST)

    def add(self, where: str, error: ToolError) -> None:
        """Remember why there was no connection: for a URL, or for a host and port."""
        self._kept.append((_read(where), error))

    def find(self, url: str) -> ToolError | None:
        """Why there was no connection for this URL, if there was none lately."""
        spelled = url.partition("#")[0]
        try:
            parsed = WebUrl.parse(spelled)
        except NetworkFault:
            return None
        wanted = {spelled, str(parsed), Destination(None, parsed.host, parsed.port)}
        return next((error for where, error in reversed(self._kept) if where in wanted), None)


def _read(where: str) -> Where:
    if "://" in where:
        return where
    try:
        return Destination.tunnel(where)
    except NetworkFault:
        return where
