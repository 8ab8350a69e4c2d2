"""Resources: their definitions and templates, reading, subscriptions of the legacy revisions."""

from typing import Any

from msgspec import Raw

from mcp_protocol.types.content import ResourceContents
from mcp_protocol.types.structs import Annotations, CacheableResult, Icon, PaginatedResult, Params, Wire


class Resource(Wire, frozen=True, kw_only=True):
    """Something that can be read at `uri`; `size` in bytes before any encoding."""

    uri: str
    name: str
    title: str | None = None
    description: str | None = None
    mime_type: str | None = None
    size: int | None = None
    icons: list[Icon] | None = None
    annotations: Annotations | None = None
    meta: dict[str, Any] | None = None


class ResourceTemplate(Wire, frozen=True, kw_only=True):
    """A family of resources, by a URI template (RFC 6570)."""

    uri_template: str
    name: str
    title: str | None = None
    description: str | None = None
    mime_type: str | None = None
    icons: list[Icon] | None = None
    annotations: Annotations | None = None
    meta: dict[str, Any] | None = None


class ListResourcesResult(PaginatedResult, frozen=True, kw_only=True):
    """One page of resources."""

    resources: list[Resource]


class ListResourceTemplatesResult(PaginatedResult, frozen=True, kw_only=True):
    """One page of resource templates."""

    resource_templates: list[ResourceTemplate]


class ReadResourceParams(Params, frozen=True, kw_only=True):
    """Which resource; on 2026-07-28 also the answers to what was asked before."""

    uri: str
    input_responses: dict[str, Raw] | None = None
    request_state: str | None = None


class ReadResourceResult(CacheableResult, frozen=True, kw_only=True):
    """What was read: one entry, or several for a directory."""

    contents: list[ResourceContents]


class SubscribeParams(Params, frozen=True, kw_only=True):
    """The resource of `resources/subscribe` and `resources/unsubscribe` (legacy)."""

    uri: str


class ResourceUpdatedParams(Params, frozen=True, kw_only=True):
    """The resource of `notifications/resources/updated`."""

    uri: str
