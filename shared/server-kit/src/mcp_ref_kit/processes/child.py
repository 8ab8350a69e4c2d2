"""One running program: its output collected up to a bound, its process group ended for good."""

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import cast

from mcp_ref_kit.processes.command import Bounds

# Gets the output piece by piece; False when it has enough, and the program is stopped.
Take = Callable[[bytes], bool]

# Between SIGTERM and SIGKILL: time to remove lock files.
GRACE_SECONDS = 2.0
# A program that has ended and left somebody behind who holds its pipes: no more comes that was meant for us.
LINGER_SECONDS = 0.5


class Child(asyncio.SubprocessProtocol):
    """What the event loop tells of a program; `done` is set when nothing more is to be waited for."""

    def __init__(self, bounds: Bounds, take: Take | None) -> None:
        self.done = asyncio.Event()
        self.stdout = bytearray()
        self.stderr = bytearray()
        self.cut = False
        self._bounds = bounds
        self._take = self._collect if take is None else take
        self._read = 0
        self._exited = asyncio.Event()
        self._linger: asyncio.TimerHandle | None = None

    @property
    def code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._process.get_returncode()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The program has started."""
        self._process = cast("asyncio.SubprocessTransport", transport)

    def give(self, data: bytes) -> None:
        """Write all of its stdin, and close it."""
        stdin = cast("asyncio.WriteTransport", self._process.get_pipe_transport(0))
        stdin.write(data)
        stdin.close()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Something was written to stdout or stderr."""
        if fd != 1:
            self.stderr += data[: self._bounds.stderr - len(self.stderr)]
        elif not self.cut:
            room = self._bounds.stdout - self._read
            self._read += len(data)
            self.cut = not self._take(data[:room]) or len(data) > room
            if self.cut:
                self.done.set()

    def process_exited(self) -> None:
        """The program has ended; its pipes may still hold something."""
        self._exited.set()
        self._linger = asyncio.get_running_loop().call_later(LINGER_SECONDS, self.done.set)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  how its pipes ended is all the same
        """The program has ended and its pipes are closed."""
        self.done.set()

    async def end(self) -> None:
        """Stop it if it still runs: SIGTERM for the group, a moment, SIGKILL for whoever is left of it."""
        try:
            if not self._exited.is_set():
                self._signal(signal.SIGTERM)
                await self._exits()
        finally:
            self._signal(signal.SIGKILL)
            try:
                await self._exits()
            finally:
                self._process.close()
                if self._linger is not None:
                    self._linger.cancel()

    async def _exits(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE_SECONDS):
                await self._exited.wait()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):  # nobody is left in the group
            os.killpg(self._process.get_pid(), number)

    def _collect(self, data: bytes) -> bool:
        self.stdout += data
        return True
