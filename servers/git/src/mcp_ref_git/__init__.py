"""An MCP server that keeps notes in memory: the form in which every server here is written."""

__version__ = "0.1.0"
