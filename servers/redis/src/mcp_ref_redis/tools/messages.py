"""Channels: send a message, or collect some."""

import datetime as dt
from typing import Annotated, Any

from msgspec import Struct

from mcp_protocol import Toolset, arg
from mcp_ref_kit.db.calls.errors import bad_argument
from mcp_ref_kit.db.rows.cells import Cells
from mcp_ref_kit.db.rows.envelope import Untrusted
from mcp_ref_kit.db.rows.room import Room, budget
from mcp_ref_redis.access.bounds import require_pattern, require_size
from mcp_ref_redis.messaging.listening import collect
from mcp_ref_redis.state import Ctx, State, reached
from mcp_ref_redis.tools.arguments import Named
from mcp_ref_redis.values import Given, bytes_of, cell, shown

messages = Toolset[State]("messages", default=False)

MOST_CHANNELS = 20
MOST_SECONDS = 30
MOST_MESSAGES = 1000


class Published(Struct, frozen=True):
    """How many listeners got it, on the node that was told."""

    receivers: int


class Collected(Struct, frozen=True, kw_only=True):
    """What came; `dropped` did not fit the page."""

    messages: list[Any]
    timed_out: bool
    dropped: int
    untrusted: Untrusted


@messages.tool(destructive=False, open_world=False)
async def publish(
    ctx: Ctx,
    channel: Annotated[Given, arg("Channel.")],
    message: Annotated[Given, arg("Message.")],
    database: Named = None,
) -> Published:
    """Send a message to whoever listens to a channel now."""
    async with reached(ctx, database, needs="read-write") as db:
        name = bytes_of("channel", channel)
        db.jail.require([name])
        data = require_size("message", bytes_of("message", message), ctx.state.settings.max_value_bytes)
        return Published(await db.ask(b"PUBLISH", name, data, write=True))


@messages.tool(read_only=True, open_world=False, seconds=MOST_SECONDS + 5)
async def collect_messages(
    ctx: Ctx,
    *,
    channels: Annotated[list[str], arg("Channels.", max_length=MOST_CHANNELS)] | None = None,
    patterns: Annotated[list[str], arg("Globs of channels.", max_length=MOST_CHANNELS)] | None = None,
    max: Annotated[int, arg("Most messages.", ge=1, le=MOST_MESSAGES)] = 10,  # noqa: A002  the wire's name
    timeout_s: Annotated[float, arg("Longest wait.", ge=0.01, le=MOST_SECONDS)] = 5,
    database: Named = None,
) -> Collected:
    """Wait for messages on channels, and return them; what was sent before is not there."""
    names = [bytes_of("channels", name) for name in channels or ()]
    globs = [require_pattern(bytes_of("patterns", glob)) for glob in patterns or ()]
    if not 1 <= len(names) + len(globs) <= MOST_CHANNELS:
        raise bad_argument("channels", f"and `patterns` must be 1 to {MOST_CHANNELS} together")
    async with reached(ctx, database, seconds=timeout_s + ctx.state.settings.timeout) as db:
        db.jail.require([*names, *globs])
        found = await collect(db, names, globs, max, timeout_s)
    cells = Cells(ctx.state.settings.max_cell_chars)
    room = Room(budget(ctx.state.settings.max_output_chars))
    items = [
        {"channel": shown(channel), "data": cell(data, cells), "at": _stamp(at)}
        | ({} if pattern is None else {"pattern": shown(pattern)})
        for channel, pattern, data, at in found.messages
    ]
    kept = [item for item in items if room.takes(item)]
    return Collected(messages=kept, timed_out=found.timed_out, dropped=len(items) - len(kept), untrusted=True)


def _stamp(at: float) -> str:
    return dt.datetime.fromtimestamp(at, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
