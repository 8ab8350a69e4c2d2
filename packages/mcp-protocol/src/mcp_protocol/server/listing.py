"""The list methods: a fixed order, sealed cursors, pages encoded once where the list cannot change."""

from collections.abc import Callable, Sequence
from typing import Any, TypedDict, TypeVar

from mcp_protocol.server.access import visible
from mcp_protocol.server.context import Context
from mcp_protocol.server.entries import PromptEntry, TemplateEntry, ToolEntry
from mcp_protocol.server.results import Answer, Encoded, typed
from mcp_protocol.server.running import Running
from mcp_protocol.session.calls import Principal
from mcp_protocol.types import (
    CacheScope,
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

# Four lists in five revisions with a few views: more are the work of an operator with very many scopes.
_MOST_PAGES = 256


class Rest(TypedDict):
    """What every page has beside its items."""

    next_cursor: str | None
    ttl_ms: int
    cache_scope: CacheScope


async def list_tools(app: Running, ctx: Context[Any]) -> Answer:
    """The tools, in the order of their toolsets; where scopes matter, those that the caller may call."""
    return fixed(app, ctx, _visible_tools, _tools)


async def list_prompts(app: Running, ctx: Context[Any]) -> Answer:
    """The prompts, in the order of their toolsets."""
    return fixed(app, ctx, _visible_prompts, _prompts)


async def list_templates(app: Running, ctx: Context[Any]) -> Answer:
    """The resource templates, in the order of their toolsets."""
    return fixed(app, ctx, _visible_templates, _templates)


async def list_resources(app: Running, ctx: Context[Any]) -> Answer:
    """The resources with fixed URIs, then what the listers of the toolsets find now."""
    found: list[Resource] = []
    if app.may_read(ctx.principal):
        found += [entry.definition for entry in app.catalog.resources.values() if entry.listed]
        for lister in app.catalog.listers:
            found += await lister.list(ctx)
    part, following = page(found, _offset(app, ctx), app.limits.page)
    return ListResourcesResult(resources=part, **_rest(app, ctx, following))


def _visible_tools(app: Running, principal: Principal) -> list[ToolEntry]:
    tools = app.catalog.tools.values()
    return [tool for tool in tools if app.access is None or visible(app.access, tool, principal)]


def _visible_prompts(app: Running, principal: Principal) -> list[PromptEntry]:
    return list(app.catalog.prompts.values()) if app.may_read(principal) else []


def _visible_templates(app: Running, principal: Principal) -> list[TemplateEntry]:
    return app.catalog.templates if app.may_read(principal) else []


def _tools(part: list[ToolEntry], rest: Rest) -> PaginatedResult:
    return ListToolsResult(tools=[entry.definition for entry in part], **rest)


def _prompts(part: list[PromptEntry], rest: Rest) -> PaginatedResult:
    return ListPromptsResult(prompts=[entry.definition for entry in part], **rest)


def _templates(part: list[TemplateEntry], rest: Rest) -> PaginatedResult:
    return ListResourceTemplatesResult(resource_templates=[entry.definition for entry in part], **rest)


def fixed(
    app: Running,
    ctx: Context[Any],
    items: Callable[[Running, Principal], list[Item]],
    build: Callable[[list[Item], Rest], PaginatedResult],
    *,
    most: int | None = None,
) -> Answer:
    """A page of a list that is the same for everyone with the same view: its bytes are kept for the next caller.

    Items that are large have a bound of their own on how many are in a page.
    """
    offset = _offset(app, ctx)
    view = None if app.access is None else app.access.view(ctx.principal)
    key = (ctx.call.method, ctx.revision, offset, view)
    encoded = app.pages.get(key)
    if encoded is None:
        part, following = page(items(app, ctx.principal), offset, min(most or app.limits.page, app.limits.page))
        result = build(part, _rest(app, ctx, following))
        if following is not None or len(app.pages) >= _MOST_PAGES:
            return result  # its cursor is the caller's own
        encoded = app.pages[key] = app.encoded(result, ctx.revision)
    return Encoded(encoded)


def _offset(app: Running, ctx: Context[Any]) -> int:
    params = typed(ctx.call.params, PaginatedParams, "cursor must be a string")
    return app.cursors.open(params.cursor, ctx.call.method, ctx.principal.key)


def _rest(app: Running, ctx: Context[Any], following: int | None) -> Rest:
    cursor = None if following is None else app.cursors.close(following, ctx.call.method, ctx.principal.key)
    return {"next_cursor": cursor, "ttl_ms": LIST_TTL, "cache_scope": app.list_scope}


def page(items: Sequence[Item], offset: int, size: int) -> tuple[list[Item], int | None]:
    """The items of a page, and where the next one begins if there is one."""
    end = offset + size
    return list(items[offset:end]), end if end < len(items) else None
