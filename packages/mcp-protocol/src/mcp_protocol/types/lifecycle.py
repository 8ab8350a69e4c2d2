"""Who talks to whom: capabilities, the legacy handshake, discovery and the envelope of 2026-07-28."""

from typing import Any

from msgspec import field

from mcp_protocol.types.structs import (
    CacheableResult,
    Implementation,
    LoggingLevel,
    Params,
    ProgressToken,
    Result,
    Wire,
)

PREFIX = "io.modelcontextprotocol/"
PROTOCOL_VERSION = PREFIX + "protocolVersion"
CLIENT_INFO = PREFIX + "clientInfo"
CLIENT_CAPABILITIES = PREFIX + "clientCapabilities"
LOG_LEVEL = PREFIX + "logLevel"
SERVER_INFO = PREFIX + "serverInfo"
SUBSCRIPTION_ID = PREFIX + "subscriptionId"

Settings = dict[str, Any]


class RootsCapability(Wire, frozen=True):
    """The client answers `roots/list`; `list_changed` in legacy revisions only."""

    list_changed: bool | None = None


class SamplingCapability(Wire, frozen=True):
    """The client answers `sampling/createMessage`; `context` and `tools` since 2025-11-25."""

    context: Settings | None = None
    tools: Settings | None = None


class ElicitationCapability(Wire, frozen=True):
    """The client answers `elicitation/create`; neither named means forms."""

    form: Settings | None = None
    url: Settings | None = None


class ClientCapabilities(Wire, frozen=True, kw_only=True):
    """What the client can be asked for."""

    roots: RootsCapability | None = None
    sampling: SamplingCapability | None = None
    elicitation: ElicitationCapability | None = None
    experimental: dict[str, Settings] | None = None
    extensions: dict[str, Settings] | None = None
    tasks: Settings | None = None


class ListCapability(Wire, frozen=True):
    """The server has tools (or prompts), and may say when the list has changed."""

    list_changed: bool | None = None


class ResourcesCapability(Wire, frozen=True):
    """The server has resources, and may say when the list or a single one has changed."""

    list_changed: bool | None = None
    subscribe: bool | None = None


class ServerCapabilities(Wire, frozen=True, kw_only=True):
    """What the server can be asked for."""

    tools: ListCapability | None = None
    prompts: ListCapability | None = None
    resources: ResourcesCapability | None = None
    completions: Settings | None = None
    logging: Settings | None = None
    experimental: dict[str, Settings] | None = None
    extensions: dict[str, Settings] | None = None
    tasks: Settings | None = None


class InitializeParams(Params, frozen=True, kw_only=True):
    """The legacy handshake, from the client."""

    protocol_version: str
    capabilities: ClientCapabilities
    client_info: Implementation


class InitializeResult(Result, frozen=True, kw_only=True):
    """The legacy handshake, from the server."""

    protocol_version: str
    capabilities: ServerCapabilities
    server_info: Implementation
    instructions: str | None = None


class DiscoverResult(CacheableResult, frozen=True, kw_only=True):
    """What a 2026-07-28 server is and offers; its identity travels in `meta`."""

    supported_versions: list[str]
    capabilities: ServerCapabilities
    instructions: str | None = None


class RequestMeta(Wire, frozen=True, kw_only=True):
    """The `_meta` of a request that we know: the 2026-07-28 envelope, the progress token, the trace context."""

    progress_token: ProgressToken | None = None
    protocol_version: str | None = field(default=None, name=PROTOCOL_VERSION)
    client_capabilities: ClientCapabilities | None = field(default=None, name=CLIENT_CAPABILITIES)
    client_info: Implementation | None = field(default=None, name=CLIENT_INFO)
    log_level: LoggingLevel | None = field(default=None, name=LOG_LEVEL)
    traceparent: Any = None
    tracestate: Any = None
    baggage: Any = None
