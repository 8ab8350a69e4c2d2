"""The stdio transport: private copies of fd 0 and 1, one message a line, end of input is the end.

fd 0 then reads /dev/null and fd 1 writes to stderr, so neither a stray print nor a child process can touch the
protocol.
"""

import asyncio
import os
import sys

from msgspec import Struct

from mcp_protocol.errors import SettingsError
from mcp_protocol.server.app import App
from mcp_protocol.session.calls import LOCAL
from mcp_protocol.transports._drive import Driver
from mcp_protocol.transports._pipes import Reader, Writer


class Streams(Struct, frozen=True):
    """The private descriptors of the protocol."""

    read: int
    write: int


def take_over() -> Streams:
    """Move the protocol away from fd 0 and 1. Call it before anything prints or starts a child.

    Raises:
        SettingsError: stdin or stdout is closed.
    """
    # Python has no sys.stdin for a descriptor that was closed at its start; by now another file may have its number.
    if sys.__stdin__ is None or sys.__stdout__ is None:
        raise SettingsError("stdin and stdout must be open: the stdio transport speaks on them.")
    sys.stdout.flush()
    streams = Streams(os.dup(0), os.dup(1))
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    try:
        os.dup2(2, 1)
    except OSError:  # started without stderr: prints go nowhere
        os.dup2(null, 1)
    os.close(null)
    return streams


async def serve(app: App, streams: Streams, stop: asyncio.Event | None = None) -> None:
    """Answer what comes in until it ends, or until `stop` is set; then drain the calls in flight and return."""
    stop = stop or asyncio.Event()
    writer = Writer(streams.write, limit=app.limits.outgoing_bytes, on_lost=stop.set)
    async with Driver(app, writer, principal=LOCAL, transport="stdio") as driver:
        reader = Reader(streams.read, on_data=driver.feed, on_end=stop.set)
        writer.on_full, writer.on_space = reader.pause, reader.resume
        reader.start()
        await stop.wait()
        reader.stop()
        app.close()
        await driver.drain()
    async with asyncio.timeout(app.limits.drain_seconds):
        await writer.flushed()
