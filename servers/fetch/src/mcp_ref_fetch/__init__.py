"""MCP server for web pages: guarded addresses, bounded bytes, text that keeps its tables."""

from mcp_ref_fetch.server import server
from mcp_ref_fetch.settings import Settings
from mcp_ref_fetch.version import __version__

__all__ = ["Settings", "__version__", "server"]
