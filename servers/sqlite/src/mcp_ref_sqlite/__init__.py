"""MCP server for SQLite files: the engine refuses what must not happen."""

__version__ = "0.1.0"
