"""Arguments that several of the tools share."""

from typing import Annotated

from mcp_protocol import arg

FilePath = Annotated[str, arg("Path of the file.")]
IfMatch = Annotated[str | None, arg("Only if the file still has this etag.")]
DryRun = Annotated[bool, arg("Only show the diff.")]
ContextLines = Annotated[int, arg("Unchanged lines round each change in the diff.", ge=0, le=100)]
CreateParents = Annotated[bool, arg("Make missing directories.")]
DirectoryPath = Annotated[str, arg("Path of the directory.")]
Exclude = Annotated[tuple[str, ...], arg("Globs to leave out; without a slash: at any depth.", max_length=100)]
Gitignore = Annotated[bool, arg("Leave out what .gitignore files ignore.")]
Cursor = Annotated[str | None, arg("nextCursor of the page before.")]
Overwrite = Annotated[bool, arg("Replace an existing file.")]
