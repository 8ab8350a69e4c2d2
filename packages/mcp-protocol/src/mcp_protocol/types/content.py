"""Content blocks: text, images, audio, links to resources, embedded resources, and the tool use of sampling."""

from typing import Any

from mcp_protocol.types.structs import Annotations, Icon, Wire


class TextContent(Wire, frozen=True, tag="text"):
    """A block of text."""

    text: str
    annotations: Annotations | None = None
    meta: dict[str, Any] | None = None


class ImageContent(Wire, frozen=True, tag="image"):
    """A picture: bytes here, base64 on the wire."""

    data: bytes
    mime_type: str
    annotations: Annotations | None = None
    meta: dict[str, Any] | None = None


class AudioContent(Wire, frozen=True, tag="audio"):
    """A sound: bytes here, base64 on the wire. Since 2025-03-26."""

    data: bytes
    mime_type: str
    annotations: Annotations | None = None
    meta: dict[str, Any] | None = None


class ResourceContents(Wire, frozen=True, kw_only=True):
    """What a resource holds, as a reader finds it: `text`, or `blob` (bytes here, base64 on the wire)."""

    uri: str
    mime_type: str | None = None
    text: str | None = None
    blob: bytes | None = None
    meta: dict[str, Any] | None = None


class TextResourceContents(ResourceContents, frozen=True, kw_only=True):
    """A resource, or a part of one, that is text."""

    text: str  # pyright: ignore[reportGeneralTypeIssues]  narrowed: required here


class BlobResourceContents(ResourceContents, frozen=True, kw_only=True):
    """A resource, or a part of one, that is bytes."""

    blob: bytes  # pyright: ignore[reportGeneralTypeIssues]  narrowed: required here


class ResourceLink(Wire, frozen=True, tag="resource_link"):
    """A resource that the client may read if it wants to. Since 2025-06-18."""

    uri: str
    name: str
    title: str | None = None
    description: str | None = None
    mime_type: str | None = None
    size: int | None = None
    icons: list[Icon] | None = None
    annotations: Annotations | None = None
    meta: dict[str, Any] | None = None


class EmbeddedResource(Wire, frozen=True, tag="resource"):
    """A resource with its contents."""

    resource: ResourceContents
    annotations: Annotations | None = None
    meta: dict[str, Any] | None = None


ContentBlock = TextContent | ImageContent | AudioContent | ResourceLink | EmbeddedResource


class ToolUseContent(Wire, frozen=True, kw_only=True, tag="tool_use"):
    """A tool that the sampled model wants called. Since 2025-11-25."""

    id: str
    name: str
    input: dict[str, Any]
    meta: dict[str, Any] | None = None


class ToolResultContent(Wire, frozen=True, kw_only=True, tag="tool_result"):
    """What that tool answered. Since 2025-11-25."""

    tool_use_id: str
    content: list[ContentBlock]
    structured_content: Any = None
    is_error: bool = False
    meta: dict[str, Any] | None = None


SamplingContent = TextContent | ImageContent | AudioContent | ToolUseContent | ToolResultContent

# The names that authors of tools use.
Text = TextContent
Image = ImageContent
Audio = AudioContent
Link = ResourceLink
Embedded = EmbeddedResource
