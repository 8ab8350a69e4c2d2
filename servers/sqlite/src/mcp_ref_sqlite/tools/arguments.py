"""Arguments and hints that several tools of this server have."""

from typing import Annotated

from mcp_protocol import arg
from mcp_protocol.server.toolset import ToolOptions

READING: ToolOptions = {"read_only": True, "idempotent": True, "open_world": False}
CHANGING: ToolOptions = {"read_only": False, "destructive": True, "idempotent": False, "open_world": False}
ADDING: ToolOptions = {"read_only": False, "destructive": False, "idempotent": False, "open_world": False}

Sql = Annotated[str, arg("One SQL statement.", min_length=1)]
TableName = Annotated[str, arg("Table, as list_objects names it.", min_length=1, max_length=1024)]
DryRun = Annotated[bool, arg("Undo it in the end and report.")]
