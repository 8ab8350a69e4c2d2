# ruff: noqa: N803  argument names are the wire's
"""The tool that waits for a change, for hosts without subscriptions."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import Struct

from mcp_protocol import Output, Toolset, arg
from mcp_protocol.server.toolset import ToolOptions
from mcp_ref_filesystem.state import Ctx, State
from mcp_ref_filesystem.tools.arguments import LOOKING
from mcp_ref_filesystem.watching.listeners import listen
from mcp_ref_kit.content.encodings import safe
from mcp_ref_kit.watching import ChangeKind, Listener

watch = Toolset[State]("watch", default=False)

MOST_SECONDS = 110
# Beside the waiting itself, time to begin and to answer.
_WAITING: ToolOptions = {**LOOKING, "idempotent": False, "seconds": MOST_SECONDS + 10}


class FileChange(Struct, frozen=True):
    """What happened to one path."""

    path: str
    kind: ChangeKind


class Changed(Struct, frozen=True, kw_only=True):
    """changes: path, kind; none when the time was up."""

    changes: Sequence[Any]


class Changes(Changed, frozen=True, kw_only=True):
    """The same with all that is known."""

    changes: Sequence[FileChange]
    untrusted: bool


@watch.tool(**_WAITING)
async def wait_for_change(
    ctx: Ctx,
    *,
    paths: Annotated[list[str], arg("Files and directories.", min_length=1, max_length=20)],
    timeoutSeconds: Annotated[int, arg("Longest wait.", ge=1, le=MOST_SECONDS)] = 30,
    recursive: Annotated[bool, arg("Also in directories beneath.")] = False,
) -> Output[Changes]:
    """Wait until a file or something in a directory is created, modified or deleted."""
    listener = Listener()
    watchers = ctx.state.watchers
    try:
        for path in paths:
            located = await ctx.state.locate(ctx, path)
            await ctx.state.workers.run(listen, watchers, listener, located, recursive=recursive)
        changes = await _first(listener, timeoutSeconds)
    finally:
        watchers.release(listener)
    found = Changes(changes=changes, untrusted=True)
    text = "\n".join(f"{change.kind} {change.path}" for change in changes)
    return Output(found, safe(text) or "Nothing has changed.")


async def _first(listener: Listener, seconds: float) -> list[FileChange]:
    try:
        async with asyncio.timeout(seconds):
            await listener.wait()
    except TimeoutError:
        return []
    return [FileChange(path, kind) for path, kind in listener.take()]
