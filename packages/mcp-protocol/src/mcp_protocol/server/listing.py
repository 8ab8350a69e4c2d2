"""The list methods: a fixed order, sealed cursors, pages encoded once where the list cannot change."""

from collections.abc import Sequence
from typing import Any, TypeVar

from msgspec.json import Decoder

from mcp_protocol.server.context import Context
from mcp_protocol.server.results import Answer, Encoded, decoded
from mcp_protocol.server.running import Running
from mcp_protocol.types import (
    ListPromptsResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    PaginatedParams,
    PaginatedResult,
    Resource,
)

Item = TypeVar("Item")

# How long a client may keep an answer (2026-07-28 caching), in milliseconds.
DISCOVER_TTL = 3_600_000
LIST_TTL = 300_000

_decode_page = Decoder(PaginatedParams).decode


async def list_tools(app: Running, ctx: Context[Any]) -> Answer:
    """The tools, in the order of their toolsets."""
    tools = list(app.catalog.tools.values())
    return _fixed(app, ctx, tools, lambda part, more: ListToolsResult(tools=[one.definition for one in part], **more))


async def list_prompts(app: Running, ctx: Context[Any]) -> Answer:
    """The prompts, in the order of their toolsets."""
    prompts = list(app.catalog.prompts.values())
    return _fixed(
        app, ctx, prompts, lambda part, more: ListPromptsResult(prompts=[one.definition for one in part], **more)
    )


async def list_templates(app: Running, ctx: Context[Any]) -> Answer:
    """The resource templates, in the order of their toolsets."""
    return _fixed(
        app,
        ctx,
        app.catalog.templates,
        lambda part, more: ListResourceTemplatesResult(resource_templates=[one.definition for one in part], **more),
    )


async def list_resources(app: Running, ctx: Context[Any]) -> Answer:
    """The resources with fixed URIs, then what the listers of the toolsets find now."""
    found: list[Resource] = [entry.definition for entry in app.catalog.resources.values()]
    for lister in app.catalog.listers:
        found += await lister.list(ctx)
    offset = _offset(app, ctx)
    part, rest = _page(found, offset, app.limits.page)
    return ListResourcesResult(resources=part, **_more(app, ctx, rest))


def _fixed(app: Running, ctx: Context[Any], items: Sequence[Any], build: Any) -> Answer:
    """A page of a list that is the same for everyone: its bytes are kept for the next caller."""
    call = ctx.call
    offset = _offset(app, ctx)
    key = (call.method, ctx.revision, offset)
    encoded = app.pages.get(key)
    if encoded is None:
        part, rest = _page(items, offset, app.limits.page)
        result: PaginatedResult = build(part, _more(app, ctx, rest))
        if rest is not None:
            return result  # its cursor is the caller's own
        encoded = app.pages[key] = app.encoded(result, ctx.revision)
    return Encoded(encoded)


def _offset(app: Running, ctx: Context[Any]) -> int:
    params = decoded(_decode_page, ctx.call.params, "cursor must be a string")
    return app.cursors.open(params.cursor, ctx.call.method, ctx.principal.key)


def _more(app: Running, ctx: Context[Any], rest: int | None) -> dict[str, Any]:
    cursor = None if rest is None else app.cursors.close(rest, ctx.call.method, ctx.principal.key)
    return {"next_cursor": cursor, "ttl_ms": LIST_TTL, "cache_scope": app.list_scope}


def _page(items: Sequence[Item], offset: int, size: int) -> tuple[list[Item], int | None]:
    end = offset + size
    return list(items[offset:end]), end if end < len(items) else None
