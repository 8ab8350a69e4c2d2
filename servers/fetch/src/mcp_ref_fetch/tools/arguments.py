"""Arguments and promises that several of the tools share."""

from typing import Annotated

from mcp_protocol import arg
from mcp_protocol.server.toolset import ToolOptions

# The operator's --timeout-total ends every call before this does; several pages may take as long as that one each.
SECONDS = 300.0

# What is promised of every tool that only reads the web.
READING: ToolOptions = {
    "read_only": True,
    "destructive": False,
    "idempotent": True,
    "open_world": True,
    "seconds": SECONDS,
}

Url = Annotated[str, arg("http or https URL.", min_length=1, max_length=8192)]
Cursor = Annotated[str, arg("next_cursor of the last page.")] | None
Headers = Annotated[dict[str, str], arg("Headers, such as Accept-Language.")] | None
