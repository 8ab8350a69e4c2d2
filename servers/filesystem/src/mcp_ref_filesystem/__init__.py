"""MCP server for directories you name: race-free, bounded, undoable."""

from mcp_ref_filesystem.server import __version__, server
from mcp_ref_filesystem.settings import Settings

__all__ = ["Settings", "__version__", "server"]
