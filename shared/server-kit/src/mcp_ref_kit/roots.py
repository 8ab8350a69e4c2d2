"""The client's roots: how they are asked for and read. They only ever narrow what the operator allows."""

import asyncio
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes, urlsplit

from mcp_protocol.errors import McpError
from mcp_protocol.revisions import Era
from mcp_protocol.server.questions import ListRoots

if TYPE_CHECKING:
    from mcp_protocol.server.context import Context

_log = logging.getLogger(__name__)

# A client that has roots answers at once; a user is not asked.
ANSWER_SECONDS = 10.0
# How long an answer of the modern era counts on stdio, where one client is on the other end for good.
KEPT_SECONDS = 30.0


class ClientRoots:
    """Asks clients for their roots; remembers as long as the era allows."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: tuple[str, ...] | None = None
        self._kept_until = 0.0

    async def ask(self, ctx: "Context[Any]") -> tuple[str, ...] | None:
        """The URIs of the client's roots; None if it has none to give, or gives no answer."""
        if not ctx.can("roots"):
            return None
        lasting = ctx.revision.era is Era.MODERN and ctx.transport == "stdio"
        if lasting and self._kept is not None and self._clock() < self._kept_until:
            return self._kept
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                roots = await (ctx.list_roots() if ctx.revision.era is Era.LEGACY else ctx.ask(ListRoots(key="roots")))
        except (McpError, TimeoutError) as error:
            _log.warning("The client did not tell its roots: %s", error or "no answer in time")
            return None
        uris = tuple(root.uri for root in roots)
        if lasting:
            self._kept, self._kept_until = uris, self._clock() + KEPT_SECONDS
        return uris


def path_of_uri(uri: str) -> str | None:
    """The absolute path of a `file:` URI, percent-decoded once; None for any other.

    The host is empty or localhost, and there is no query and no fragment. Bytes that are not UTF-8 stay as the
    system spells them.
    """
    try:
        split = urlsplit(uri)
    except ValueError:
        return None
    if split.scheme != "file" or split.netloc.lower() not in {"", "localhost"} or "?" in uri or "#" in uri:
        return None
    path = os.fsdecode(unquote_to_bytes(split.path))
    return path if path.startswith("/") and "\0" not in path else None


def names_to(root: str, path: Path, real: Path) -> tuple[str, ...] | None:
    """The names from an allowed directory to a client's root inside it, none where the root is around it.

    None where they are apart. The directory is known by its `path` and by its `real` path without links. Blocking.
    """
    asked = Path(os.path.normpath(root)).parts
    really = Path(os.path.realpath(root)).parts
    for own, wanted in ((path.parts, asked), (real.parts, asked), (real.parts, really)):
        shared = min(len(own), len(wanted))
        if own[:shared] == wanted[:shared]:
            return wanted[shared:]
    return None
