"""Arguments that several of the tools share."""

from typing import Annotated

from mcp_protocol import arg
from mcp_protocol.server.toolset import ToolOptions

# What is promised of every tool that only looks.
LOOKING: ToolOptions = {"read_only": True, "destructive": False, "idempotent": True, "open_world": False}

FilePath = Annotated[str, arg("The file.")]
IfMatch = Annotated[str, arg("Only if it has this etag.")] | None
DryRun = Annotated[bool, arg("Only show the diff.")]
ContextLines = Annotated[int, arg("Lines round each change.", ge=0, le=100)]
CreateParents = Annotated[bool, arg("Make missing directories.")]
DirectoryPath = Annotated[str, arg("Directory.")]
Exclude = Annotated[tuple[str, ...], arg("Globs to leave out, without a slash at any depth.")] | None
Gitignore = Annotated[bool, arg("Obey .gitignore files.")]
Cursor = Annotated[str, arg("nextCursor of the last page.")] | None
Overwrite = Annotated[bool, arg("Replace a file.")]
