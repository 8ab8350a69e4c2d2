"""Files of the operator's directories as what the driver hands to a page."""

import mimetypes
from typing import Any

from mcp_ref_browser.errors import BrowserError
from mcp_ref_browser.sessions.files import MOST_UPLOAD
from mcp_ref_browser.state import Ctx


async def payloads(ctx: Ctx, paths: list[str]) -> list[dict[str, Any]]:
    """Name, type and bytes of each file, read now: what a path names later is of no interest.

    Raises:
        BrowserError: `path_denied`, `too_large`.
    """
    made: list[dict[str, Any]] = []
    total = 0
    for path in paths:
        name, data = await ctx.state.files.upload(ctx, path)
        total += len(data)
        if total > MOST_UPLOAD:
            raise BrowserError(f"The files have more than {MOST_UPLOAD} bytes together.", code="too_large")
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        made.append({"name": name, "mimeType": kind, "buffer": data})
    return made
