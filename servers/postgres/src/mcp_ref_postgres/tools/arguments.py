"""Arguments that several of the tools share, and what is promised of tools."""

from typing import Annotated, Any

from mcp_protocol import arg
from mcp_protocol.server.toolset import ToolOptions

LOOKING: ToolOptions = {"read_only": True, "destructive": False, "idempotent": True, "open_world": False}
WATCHING: ToolOptions = {**LOOKING, "idempotent": False}
WRITING: ToolOptions = {"read_only": False, "destructive": True, "idempotent": False, "open_world": False}

Sql = Annotated[str, arg("One statement.")]
Params = Annotated[list[Any], arg('Values of $1, $2, ...; {"$base64": "..."} is bytes.')]
Values = Annotated[list[Any], arg("Values of $1, $2, ...")]
Pattern = Annotated[str, arg("Glob of names: * and ?.")]
SchemaName = Annotated[str, arg("Only this schema.")]
