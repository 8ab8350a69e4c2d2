"""The Model Context Protocol for Python: one tool code path, five revisions, stdio and HTTP.

These are the names that the author of a server needs; importing them starts nothing and loads nothing of HTTP.
"""

from mcp_protocol.errors import (
    InvalidParams,
    McpError,
    MissingCapability,
    ProtocolError,
    Refused,
    ResourceNotFound,
    SettingsError,
    ToolError,
)
from mcp_protocol.limits import Limits
from mcp_protocol.revisions import Revision
from mcp_protocol.schema import arg
from mcp_protocol.server.app import App, Options, Server
from mcp_protocol.server.context import Context
from mcp_protocol.server.dispatch import Middleware, Proceed
from mcp_protocol.server.entries import ToolEntry
from mcp_protocol.server.output import Output
from mcp_protocol.server.questions import Elicit, ListRoots, Sample, Visit
from mcp_protocol.server.toolset import Toolset
from mcp_protocol.session.calls import Call, Principal
from mcp_protocol.types import (
    Annotations,
    Audio,
    CallToolResult,
    Completion,
    ContentBlock,
    CreateMessageResult,
    Embedded,
    Icon,
    Image,
    Implementation,
    Link,
    LoggingLevel,
    PromptMessage,
    Resource,
    ResourceContents,
    Root,
    SamplingMessage,
    Text,
)

__all__ = [
    "Annotations",
    "App",
    "Audio",
    "Call",
    "CallToolResult",
    "Completion",
    "ContentBlock",
    "Context",
    "CreateMessageResult",
    "Elicit",
    "Embedded",
    "Icon",
    "Image",
    "Implementation",
    "InvalidParams",
    "Limits",
    "Link",
    "ListRoots",
    "LoggingLevel",
    "McpError",
    "Middleware",
    "MissingCapability",
    "Options",
    "Output",
    "Principal",
    "Proceed",
    "PromptMessage",
    "ProtocolError",
    "Refused",
    "Resource",
    "ResourceContents",
    "ResourceNotFound",
    "Revision",
    "Root",
    "Sample",
    "SamplingMessage",
    "Server",
    "SettingsError",
    "Text",
    "ToolEntry",
    "ToolError",
    "Toolset",
    "Visit",
    "arg",
]
