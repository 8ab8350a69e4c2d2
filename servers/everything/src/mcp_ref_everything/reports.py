"""Tools that report while they work, and tools that announce changes of the lists."""

import asyncio

from mcp_protocol import Context, Text, Toolset

reports: Toolset[None] = Toolset("reports")
Ctx = Context[None]

# Far enough apart that no step is merged with the next.
PAUSE = 0.05


@reports.tool(read_only=True, open_world=False)
async def test_tool_with_logging(ctx: Ctx) -> Text:
    """Send three log messages."""
    for message in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await ctx.log("info", message)
        await asyncio.sleep(PAUSE)
    return Text("Logged three messages.")


@reports.tool(read_only=True, open_world=False)
async def test_tool_with_progress(ctx: Ctx) -> Text:
    """Report progress three times."""
    for done in (0, 50, 100):
        await ctx.progress(done, 100, f"Completed step {done} of 100")
        await asyncio.sleep(PAUSE)
    return Text("Reported progress.")


@reports.tool(read_only=True, open_world=False)
async def test_logging_tool(ctx: Ctx) -> Text:
    """Log if the caller wants log messages."""
    await ctx.log("info", "Logged because the request asked for it")
    return Text("Logged where it was wanted.")


@reports.tool(read_only=True, open_world=False)
async def test_reconnection(ctx: Ctx) -> Text:
    """Let the connection go, and answer where the client comes back (SEP-1699)."""
    await ctx.release()
    await asyncio.sleep(2 * PAUSE)
    return Text("Answered after a reconnection.")


@reports.tool(read_only=True, open_world=False)
async def test_trigger_tool_change(ctx: Ctx) -> Text:
    """Announce that the list of tools has changed."""
    await ctx.list_changed("tools")
    return Text("Announced a change of the tools.")


@reports.tool(read_only=True, open_world=False)
async def test_trigger_prompt_change(ctx: Ctx) -> Text:
    """Announce that the list of prompts has changed."""
    await ctx.list_changed("prompts")
    return Text("Announced a change of the prompts.")
