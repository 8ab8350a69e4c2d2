"""MCP server for Git repositories that may be hostile: no repository code runs."""

from mcp_ref_git.server import __version__, server
from mcp_ref_git.settings import Settings

__all__ = ["Settings", "__version__", "server"]
