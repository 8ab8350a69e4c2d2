"""Runs a server on stdio until its input ends or a signal comes."""

import asyncio
import logging
import os
from threading import Timer

from mcp_protocol.transports import stdio
from mcp_ref_kit.logs import Stderr
from mcp_ref_kit.logs.setup import divert_prints
from mcp_ref_kit.program import Program
from mcp_ref_kit.signals import stopping

_log = logging.getLogger(__name__)

# After the calls in flight are done or cancelled: closing files and connections takes no longer than this.
_CLOSING_SECONDS = 5.0


def on_stdio(program: Program, stderr: Stderr) -> None:
    """Serve the one client at the other end of stdin and stdout.

    Raises:
        SettingsError: stdin or stdout was closed, or the server cannot start.
    """
    if os.isatty(0):
        _log.info("waiting for an MCP client on stdin; a host starts this program, and --print-config says how")
    streams = stdio.take_over()
    divert_prints(stderr)
    asyncio.run(_serve(program, streams))


def end_within(seconds: float = _CLOSING_SECONDS) -> None:
    """End the process even if a thread, stuck in the kernel on a dead mount, would keep it."""
    last = Timer(seconds, os._exit, (0,))
    last.daemon = True
    last.start()


async def _serve(program: Program, streams: stdio.Streams) -> None:
    stop = asyncio.Event()
    with stopping(stop):
        async with program.server.run(program.settings, program.options) as app:
            await stdio.serve(app, streams, stop)
            end_within()
