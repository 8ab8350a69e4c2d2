"""Runs a server on stdio until its input ends or a signal comes."""

import asyncio
import logging
import os
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from threading import Timer
from typing import Any

from mcp_protocol.errors import SettingsError
from mcp_protocol.server.app import App, Server
from mcp_protocol.transports import stdio
from mcp_protocol.transports.loops import fast_loop
from mcp_ref_kit.logs import Stderr
from mcp_ref_kit.logs.setup import divert_prints
from mcp_ref_kit.program import Program
from mcp_ref_kit.signals import at_hangup, stopping

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
    with asyncio.Runner(loop_factory=fast_loop() if program.making.sockets else None) as runner:
        runner.run(_serve(program, streams))


def end_within(seconds: float = _CLOSING_SECONDS) -> None:
    """End the process even if a thread, stuck in the kernel on a dead mount, would keep it."""
    last = Timer(seconds, os._exit, (0,))
    last.daemon = True
    last.start()


@contextmanager
def rereading(program: Program, app: App) -> Generator[None]:
    """Inside the block SIGHUP reads the config file again, for a server that has tools from there."""
    if not program.reloads:
        yield
        return
    loop = asyncio.get_running_loop()
    with at_hangup(partial(_reread, loop, program, app)):
        yield


def _reread(loop: asyncio.AbstractEventLoop, program: Program, app: App) -> None:
    loop.run_in_executor(None, program.again).add_done_callback(partial(_offer, app))


def _offer(app: App, read: asyncio.Future[Server[Any, Any]]) -> None:
    error = None if read.cancelled() else read.exception()
    if isinstance(error, SettingsError):
        _log.warning("the config file was not taken over, everything stays as it was: %s", error)
    elif error is not None:
        _log.error("the config file could not be read again", exc_info=error)
    elif not read.cancelled():
        app.offer(read.result().tools)
        _log.info("the config file was read again; %d tools are offered", len(app.catalog.tools))


async def _serve(program: Program, streams: stdio.Streams) -> None:
    stop = asyncio.Event()
    with stopping(stop):
        async with program.server.run(program.settings, program.options) as app:
            with rereading(program, app):
                await stdio.serve(app, streams, stop)
            end_within()
