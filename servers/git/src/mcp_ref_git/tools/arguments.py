"""Arguments and promises that several of the tools share."""

from typing import Annotated

from mcp_protocol import arg
from mcp_protocol.server.toolset import ToolOptions

# What is promised of every tool that only looks.
LOOKING: ToolOptions = {"read_only": True, "destructive": False, "idempotent": True, "open_world": False}

RepoPath = Annotated[str, arg("Its path.")] | None
Cursor = Annotated[str, arg("next_cursor.")] | None
Paths = Annotated[tuple[str, ...], arg("Literal paths.")]
Path = Annotated[str, arg("File.")]
Revision = Annotated[str, arg("Branch, tag or commit.")]
Branch = Annotated[str, arg("Branch.")]
Limit = Annotated[int, arg("Most entries.", ge=1)]
ConfirmHead = Annotated[str, arg("Full id of HEAD.")] | None
ContextLines = Annotated[int, arg("Context lines.", ge=0, le=100)]
