"""Tools whose results are each kind of content, and one that always fails."""

from msgspec.json import encode

from mcp_protocol import Audio, Context, Embedded, Image, ResourceContents, Text, ToolError, Toolset
from mcp_ref_everything.samples import PNG, WAV

content: Toolset[None] = Toolset("content")
Ctx = Context[None]


@content.tool(read_only=True, open_world=False)
async def test_simple_text(ctx: Ctx) -> Text:
    """Answer with a text."""
    del ctx
    return Text("This is a simple text response for testing.")


@content.tool(read_only=True, open_world=False)
async def test_image_content(ctx: Ctx) -> Image:
    """Answer with a picture."""
    del ctx
    return Image(PNG, "image/png")


@content.tool(read_only=True, open_world=False)
async def test_audio_content(ctx: Ctx) -> Audio:
    """Answer with a sound."""
    del ctx
    return Audio(WAV, "audio/wav")


@content.tool(read_only=True, open_world=False)
async def test_embedded_resource(ctx: Ctx) -> Embedded:
    """Answer with a resource and what it holds."""
    del ctx
    return Embedded(
        ResourceContents(
            uri="test://embedded-resource", mime_type="text/plain", text="This is an embedded resource content."
        )
    )


@content.tool(read_only=True, open_world=False)
async def test_multiple_content_types(ctx: Ctx) -> list[Text | Image | Embedded]:
    """Answer with a text, a picture and a resource."""
    del ctx
    data = encode({"test": "data", "value": 123}).decode()
    mixed = ResourceContents(uri="test://mixed-content-resource", mime_type="application/json", text=data)
    return [Text("Multiple content types test:"), Image(PNG, "image/png"), Embedded(mixed)]


@content.tool(read_only=True, open_world=False)
async def test_error_handling(ctx: Ctx) -> Text:
    """Fail, always."""
    del ctx
    raise ToolError("This tool intentionally returns an error for testing", code="intended")
