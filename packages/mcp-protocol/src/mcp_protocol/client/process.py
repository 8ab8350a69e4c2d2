"""A server as a child process: messages on its stdin and stdout, and no process of its group left at the end."""

import asyncio
import os
import signal
import sys
from collections import deque
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from subprocess import PIPE
from typing import Literal, cast

from msgspec import Struct

from mcp_protocol.client.link import RECEIVED
from mcp_protocol.errors import ConnectionLost, MessageTooLarge
from mcp_protocol.jsonrpc import LineFramer, Oversized
from mcp_protocol.limits import KIB, MIB

# What a program needs to find its files and its language; everything else may be somebody's secret.
_PASSED_ON = (
    "HOME",
    "LANG",
    "LC_ALL",
    "LOGNAME",
    "PATH",
    "SHELL",
    "SYSTEMROOT",
    "TEMP",
    "TERM",
    "TMPDIR",
    "TZ",
    "USER",
)

_UNREAD = 4 * MIB  # then the pipe is left to fill, and the server to wait
_KEPT_STDERR = 64 * KIB
_GRACE_SECONDS = 3  # to end by itself after its stdin, and once more after SIGTERM


class Command(Struct, frozen=True):
    """How to start a server: arguments, variables beside the harmless few that are passed on, where, and its stderr.

    `stderr` "pass" lets it through to ours; "keep" keeps the end of it for `Process.stderr`.
    """

    argv: Sequence[str]
    env: Mapping[str, str] | None = None
    cwd: Path | str | None = None
    stderr: Literal["pass", "keep"] = "pass"


class Process(asyncio.SubprocessProtocol):
    """A running server, as a duplex of messages."""

    def __init__(self) -> None:
        """Made by `running`."""
        self.exited = asyncio.Event()
        self._framer = LineFramer(RECEIVED.message)
        self._lines: deque[bytes | Oversized] = deque()
        self._unread = 0
        self._arrived = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._ended = False
        self._closing = False
        self._errors = bytearray()

    @property
    def stderr(self) -> str:
        """The end of what the server wrote to stderr, if that is kept."""
        return self._errors.decode(errors="replace")

    async def send(self, message: bytes) -> None:
        """Write one line to the server's stdin.

        Raises:
            ConnectionLost: the server is gone.
        """
        if not self._ended and not self._stdin.is_closing():
            self._stdin.writelines((message, b"\n"))
            await self._writable.wait()
        if self._ended or self._stdin.is_closing():
            raise ConnectionLost("The server has ended, or has closed its input")

    async def receive(self) -> bytes | None:
        """The next line of the server's stdout; None when it has ended.

        Raises:
            MessageTooLarge: a line was over the limit.
        """
        while not self._lines:
            if self._ended:
                return None
            self._arrived.clear()
            await self._arrived.wait()
        line = self._lines.popleft()
        if isinstance(line, Oversized):
            raise MessageTooLarge(f"The server sent a message of more than {line.limit} bytes")
        self._unread -= len(line)
        if self._unread <= _UNREAD:
            self._stdout.resume_reading()
        return line

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The process has started."""
        self._process = cast("asyncio.SubprocessTransport", transport)
        self._stdin = cast("asyncio.WriteTransport", self._process.get_pipe_transport(0))
        self._stdout = cast("asyncio.ReadTransport", self._process.get_pipe_transport(1))

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Something was written to stdout or stderr."""
        if fd != 1:
            self._errors += data
            del self._errors[:-_KEPT_STDERR]
        elif not self._closing:
            lines = self._framer.feed(data)
            self._lines += lines
            self._unread += sum(len(line) for line in lines if isinstance(line, bytes))
            if self._unread > _UNREAD:
                self._stdout.pause_reading()
            self._arrived.set()

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:  # noqa: ARG002  how it ended is all the same
        """The server has closed one of its streams."""
        if fd == 1:
            self._end()

    def process_exited(self) -> None:
        """The process has ended; its stdout may still hold something."""
        self.exited.set()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  how it ended is all the same
        """The process has ended and all its streams are closed."""
        self._end()

    def pause_writing(self) -> None:
        """The server does not read."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """The server reads again."""
        self._writable.set()

    async def close(self) -> None:
        """End the server: close its stdin, then ask its process group to end, then kill what is left of it."""
        self._closing = True
        self._lines.clear()
        self._stdout.resume_reading()  # whoever is stuck writing could not end
        self._stdin.close()
        try:
            if not await self._ends():
                self._signal("SIGTERM")
                await self._ends()
        finally:
            self._signal("SIGKILL")  # it, or whom it has started and left behind
            await self._ends()
            self._process.close()

    async def _ends(self) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(_GRACE_SECONDS):
                await self.exited.wait()
        return self.exited.is_set()

    def _signal(self, name: Literal["SIGTERM", "SIGKILL"]) -> None:
        if sys.platform == "win32":
            if not self.exited.is_set():
                self._process.kill()
            return
        with suppress(ProcessLookupError, PermissionError):  # nobody is left in the group
            os.killpg(self._process.get_pid(), getattr(signal, name))

    def _end(self) -> None:
        self._ended = True
        self._arrived.set()
        self._writable.set()


@asynccontextmanager
async def running(command: Command) -> AsyncGenerator[Process]:
    """A server that runs for the length of the block.

    Raises:
        ConnectionLost: it could not be started.
    """
    env = {name: os.environ[name] for name in _PASSED_ON if name in os.environ} | dict(command.env or {})
    try:
        _, process = await asyncio.get_running_loop().subprocess_exec(
            Process,
            *command.argv,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE if command.stderr == "keep" else None,
            cwd=command.cwd,
            env=env,
            start_new_session=os.name == "posix",
        )
    except OSError as error:
        raise ConnectionLost(f"Could not start {command.argv[0]}: {error.strerror}") from error
    try:
        yield process
    finally:
        await process.close()
