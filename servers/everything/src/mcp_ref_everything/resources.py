"""Resources: text, bytes, one that is watched, and a template."""

from typing import Any

from msgspec.json import encode

from mcp_protocol import Context, Toolset
from mcp_ref_everything.samples import PNG

resources: Toolset[None] = Toolset("resources")
Ctx = Context[None]


@resources.resource("test://static-text", mime_type="text/plain", static=True)
async def static_text(ctx: Ctx) -> str:
    """A text that never changes."""
    del ctx
    return "This is the content of the static text resource."


@resources.resource("test://static-binary", mime_type="image/png", static=True)
async def static_binary(ctx: Ctx) -> bytes:
    """A picture that never changes."""
    del ctx
    return PNG


@resources.resource("test://watched-resource", mime_type="text/plain")
async def watched_resource(ctx: Ctx) -> str:
    """A text to subscribe to."""
    del ctx
    return "This is the content of the watched resource."


@resources.resource("test://template/{id}/data", mime_type="application/json")
async def template_data(ctx: Ctx, id: str) -> str:  # noqa: A002  the template's variable is called so
    """One of many."""
    del ctx
    data: dict[str, Any] = {"id": id, "templateTest": True, "data": f"Data for ID: {id}"}
    return encode(data).decode()
