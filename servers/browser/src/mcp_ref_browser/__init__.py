"""An MCP server that drives one Chromium for many callers, behind a proxy that decides every connection."""

__version__ = "0.1.0"
