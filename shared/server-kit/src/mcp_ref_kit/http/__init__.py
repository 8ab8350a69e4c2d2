"""What a server needs to listen: whom it lets in, by which names, and how it says that it is well."""

from mcp_ref_kit.http.serving import on_http

__all__ = ["on_http"]
