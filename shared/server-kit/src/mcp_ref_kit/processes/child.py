"""One running program: its output collected up to a bound, its process group ended for good."""

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from mcp_ref_kit.processes.command import Bounds
from mcp_ref_kit.processes.pipes import Sink, Source

# Gets the output piece by piece; False when it has enough, and the program is stopped.
Take = Callable[[bytes], bool]

# Between SIGTERM and SIGKILL: time to remove lock files.
GRACE_SECONDS = 2.0
# A program that has ended and left somebody behind who holds its pipes: no more comes that was meant for us.
LINGER_SECONDS = 0.5


class Process(Protocol):
    """What has been started: its id, and how it ended once that has been asked for."""

    pid: int
    returncode: int | None

    def poll(self) -> int | None:
        """Let go of it if it has ended; how it did."""
        ...

    def wait(self, timeout: float | None = None) -> int:
        """The same, and wait for it."""
        ...


class Child:
    """A program that has been started; `done` is set when nothing more is to be waited for.

    It is let go of last: until then its id is nobody else's, so that no signal can go astray.
    """

    def __init__(self, process: Process, bounds: Bounds, take: Take | None) -> None:
        self.done = asyncio.Event()
        self.stdout = bytearray()
        self.stderr = bytearray()
        self.cut = False
        self._process = process
        self._bounds = bounds
        self._take = self._collect if take is None else take
        self._read = 0
        self._open = 2
        self._exited = asyncio.Event()
        self._ended = False
        self._linger: asyncio.TimerHandle | None = None
        self._pipes: list[Source | Sink] = []
        self._loop = asyncio.get_running_loop()

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return not self._exited.is_set()

    @property
    def code(self) -> int | None:
        """The exit code, negative for a signal; None before `end`."""
        return self._process.returncode

    def watch(self) -> None:
        """See it end.

        Raises:
            OSError: there is no descriptor left for that.
        """
        if hasattr(os, "pidfd_open"):
            exit_fd = os.pidfd_open(self._process.pid)
            self._loop.add_reader(exit_fd, self._on_exit, exit_fd)
        else:
            self._loop.run_in_executor(None, self._wait)

    def connect(self, stdout: int, stderr: int, stdin: int | None, data: bytes) -> None:
        """Take over its pipes: read what it writes, and write all of its input."""
        self._pipes = [Source(self._loop, stdout, self._on_stdout), Source(self._loop, stderr, self._on_stderr)]
        if stdin is not None:
            self._pipes.append(Sink(self._loop, stdin, data))

    async def end(self) -> None:
        """Stop it if it still runs: SIGTERM for the group, a moment, SIGKILL for whoever is left of it."""
        try:
            if self.is_running:
                self._signal(signal.SIGTERM)
                await self._exits()
        finally:
            self._signal(signal.SIGKILL)
            try:
                await self._exits()
            finally:
                self._close()

    def _close(self) -> None:
        self._ended = True
        self._process.poll()
        for pipe in self._pipes:
            pipe.close()
        if self._linger is not None:
            self._linger.cancel()

    async def _exits(self) -> None:
        if self.is_running:
            with suppress(TimeoutError):
                async with asyncio.timeout(GRACE_SECONDS):
                    await self._exited.wait()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):  # nobody is left in the group
            os.killpg(self._process.pid, number)

    def _on_stdout(self, piece: bytes) -> None:
        if not piece:
            self._on_closed()
        elif not self.cut:
            room = self._bounds.stdout - self._read
            self._read += len(piece)
            self.cut = not self._take(piece[:room]) or len(piece) > room
            if self.cut:
                self.done.set()

    def _on_stderr(self, piece: bytes) -> None:
        if not piece:
            self._on_closed()
        self.stderr += piece[: self._bounds.stderr - len(self.stderr)]

    def _on_closed(self) -> None:
        self._open -= 1
        if not (self._open or self.is_running):
            self.done.set()

    def _on_exit(self, exit_fd: int) -> None:
        self._loop.remove_reader(exit_fd)
        os.close(exit_fd)
        self._has_exited()

    def _wait(self) -> None:
        """The same where the system has no descriptors of processes: a thread waits."""
        self._process.wait()
        with suppress(RuntimeError):  # the loop has ended before the program
            self._loop.call_soon_threadsafe(self._has_exited)

    def _has_exited(self) -> None:
        self._exited.set()
        if self._ended:
            self._process.poll()  # it could not be stopped in time
        elif self._open:
            self._linger = self._loop.call_later(LINGER_SECONDS, self.done.set)
        else:
            self.done.set()

    def _collect(self, piece: bytes) -> bool:
        self.stdout += piece
        return True
