"""Tools that become tasks, one for each way a task can go."""

import asyncio
from typing import Annotated

from msgspec import Struct

from mcp_protocol import Context, Elicit, Text, ToolError, Toolset, arg
from mcp_ref_everything.questions import Name

jobs: Toolset[None] = Toolset("jobs")
Ctx = Context[None]


class Confirmation(Struct, frozen=True):
    """Yes or no."""

    confirm: Annotated[bool, arg("Whether to go on.")]


@jobs.tool(read_only=True, open_world=False)
async def greet(ctx: Ctx, name: Annotated[str, arg("Whom.")]) -> Text:
    """Greet, at once."""
    del ctx
    return Text(f"Hello, {name}!")


@jobs.tool(read_only=True, open_world=False, task="allowed")
async def slow_compute(
    ctx: Ctx,
    seconds: Annotated[float, arg("How long it takes.", ge=0, le=3600)] = 1,
    label: Annotated[str, arg("What to call it.")] = "",
) -> Text:
    """Take some time."""
    if seconds:
        await ctx.background()
    await asyncio.sleep(seconds)
    return Text(f"Computed {label or 'it'} in {seconds:g} seconds.")


@jobs.tool(read_only=True, open_world=False, task="required")
async def failing_job(ctx: Ctx) -> Text:
    """Fail as a tool after a second."""
    await ctx.background()
    await asyncio.sleep(1)
    raise ToolError("The job failed, as it should.", code="intended")


@jobs.tool(read_only=True, open_world=False, task="allowed")
async def protocol_error_job(ctx: Ctx) -> Text:
    """Fail as a program."""
    await ctx.background()
    raise RuntimeError("this is what the job does")


@jobs.tool(open_world=False, task="allowed")
async def confirm_delete(ctx: Ctx, filename: Annotated[str, arg("What to delete.")]) -> Text:
    """Ask in the background before deleting (nothing is deleted)."""
    await ctx.background()
    answer = await ctx.elicit(Confirmation, f"Delete {filename}?", key="confirm")
    return Text(f"Deleted {filename}." if answer is not None and answer.confirm else f"Kept {filename}.")


@jobs.tool(open_world=False, task="allowed")
async def multi_input(ctx: Ctx) -> Text:
    """Ask two things at once in the background."""
    await ctx.background()
    name, agreed = await ctx.ask_together(
        Elicit(Name, "What is your name?", key="name"), Elicit(Confirmation, "Go on?", key="confirm")
    )
    return Text(f"{'Nobody' if name is None else name.name}: {agreed is not None and agreed.confirm}")


@jobs.tool(open_world=False, task="required")
async def test_tool_with_task(ctx: Ctx) -> Text:
    """Ask first, then go into the background."""
    answer = await ctx.elicit(Name, "What is your name?", key="user_name")
    await ctx.background()
    return Text(f"Hello, {'stranger' if answer is None else answer.name}!")
