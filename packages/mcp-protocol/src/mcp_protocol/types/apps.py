"""Apps, the extension `io.modelcontextprotocol/ui` (SEP-1865): documents that a host shows beside a tool's result."""

from typing import Any, Literal

from mcp_protocol.types.structs import Wire

APPS = "io.modelcontextprotocol/ui"
APP_TYPE = "text/html;profile=mcp-app"

# Who a tool is there for: the model that calls tools, the document that is shown.
Audience = Literal["model", "app"]


class AppMeta(Wire, frozen=True, kw_only=True):
    """`_meta.ui` of a document. Without `csp` it reaches no network; each permission is an empty object."""

    permissions: dict[str, dict[str, Any]] | None = None
    domain: str | None = None
    prefers_border: bool | None = None


class ToolAppMeta(Wire, frozen=True, kw_only=True):
    """`_meta.ui` of a tool: the document that shows its results, and who may call it."""

    resource_uri: str | None = None
    visibility: list[Audience] | None = None
