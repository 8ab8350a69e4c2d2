"""What a server offers, as JSON for people and programs: `--print-tools`."""

from typing import Any

import msgspec

from mcp_protocol.server.app import Server


def as_json(server: Server[Any, Any]) -> str:
    """Server, tools (with their toolset), resources, templates and prompts, indented."""
    toolsets = server.toolsets
    surface = {
        "server": server.info,
        "instructions": server.instructions,
        "tools": [{"toolset": entry.toolset, "admin": entry.admin, "tool": entry.definition} for entry in server.tools],
        "resources": [entry.definition for toolset in toolsets for entry in toolset.resources],
        "resourceTemplates": [entry.definition for toolset in toolsets for entry in toolset.templates],
        "prompts": [entry.definition for toolset in toolsets for entry in toolset.prompts],
    }
    return msgspec.json.format(msgspec.json.encode(surface), indent=2).decode()
