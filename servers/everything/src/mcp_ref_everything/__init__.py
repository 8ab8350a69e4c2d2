"""MCP fixture server: one of everything the protocol has."""

from mcp_ref_everything.server import __version__, server
from mcp_ref_everything.settings import Settings

__all__ = ["Settings", "__version__", "server"]
