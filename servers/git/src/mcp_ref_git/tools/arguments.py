"""Arguments and promises that several of the tools share."""

from typing import Annotated

from mcp_protocol import arg
from mcp_protocol.server.toolset import ToolOptions

# What is promised of every tool that only looks.
LOOKING: ToolOptions = {"read_only": True, "destructive": False, "idempotent": True, "open_world": False}

RepoPath = Annotated[str, arg("The repository; may be left out if there is one.")] | None
Cursor = Annotated[str, arg("next_cursor of the page before.")] | None
Paths = Annotated[tuple[str, ...], arg("Only these paths, literally.", max_length=1000)]
Path = Annotated[str, arg("Path in the repository.")]
Revision = Annotated[str, arg("Branch, tag or commit.")]
Branch = Annotated[str, arg("Name of a branch.")]
Limit = Annotated[int, arg("Most entries.", ge=1, le=5000)]
ConfirmHead = Annotated[str, arg("Full id of the present HEAD.")] | None
ContextLines = Annotated[int, arg("Lines round each change.", ge=0, le=100)]
