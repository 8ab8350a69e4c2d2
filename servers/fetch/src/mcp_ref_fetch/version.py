"""The version, and what web servers are told about who asks."""

__version__ = "0.1.0"
PRODUCT = "mcp-ref-fetch"
HOMEPAGE = "https://github.com/mcp-reference-servers"
