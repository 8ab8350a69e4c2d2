"""An MCP server for PostgreSQL: read only by the rules of the engine itself."""

__version__ = "0.1.0"
