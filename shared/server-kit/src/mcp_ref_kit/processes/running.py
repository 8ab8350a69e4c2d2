"""Run a program to its end, or stop it: by deadline, by the bound of its output, or with the call that wanted it."""

import asyncio
import os
from contextlib import ExitStack
from subprocess import DEVNULL, Popen

from mcp_protocol.errors import ToolError
from mcp_ref_kit.processes.child import Child, Take
from mcp_ref_kit.processes.command import Bounds, Command, Finished


class CannotStart(ToolError):
    """The program is not there, or the system has no room for it."""

    def __init__(self, reason: str | None) -> None:
        super().__init__(f"A program of this server could not be started: {reason or 'unknown reason'}.", code="io")


class TimedOut(ToolError):
    """The program took longer than it may, and was stopped."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"It took longer than {seconds:g} s and was stopped.",
            code="timeout",
            hint="Ask for less at a time.",
            retryable=True,
        )


async def run(command: Command, bounds: Bounds | None = None, *, take: Take | None = None) -> Finished:
    """Run a program in a process group of its own.

    `take` gets its stdout piece by piece, and says whether it wants more; otherwise stdout is in the result. Whatever
    happens to this call, the program and its group are gone when it returns.

    Raises:
        CannotStart, TimedOut
    """
    bounds = bounds or Bounds()
    try:
        child = _started(command, bounds, take)
    except OSError as error:
        raise CannotStart(error.strerror) from error
    stopped = True
    try:
        async with asyncio.timeout(bounds.seconds):
            await child.done.wait()
        stopped = child.is_running
    except TimeoutError:
        raise TimedOut(bounds.seconds) from None
    finally:
        await child.end()
    code = None if stopped else child.code
    return Finished(code=code, stdout=bytes(child.stdout), stderr=bytes(child.stderr), cut=child.cut)


def _started(command: Command, bounds: Bounds, take: Take | None) -> Child:
    """Start the program, with pipes that are read and written by the event loop.

    Done by ourselves it costs half of what the event loop's own way does: no transport for each pipe, no thread.
    """
    with ExitStack() as ours, ExitStack() as theirs:
        stdout, stderr = _pipe(ours, theirs), _pipe(ours, theirs)
        stdin = None if command.stdin is None else _pipe(theirs, ours)
        process = Popen(  # noqa: S603  an absolute path and arguments, never a shell
            command.argv,
            bufsize=0,
            stdin=DEVNULL if stdin is None else stdin[0],
            stdout=stdout[1],
            stderr=stderr[1],
            cwd=command.cwd,
            env=command.env,
            start_new_session=True,
        )
        child = Child(process, bounds, take)
        try:
            child.watch()
        except OSError:  # no descriptor is left to see it end by
            process.kill()
            process.wait()
            raise
        ours.pop_all()
        child.connect(stdout[0], stderr[0], None if stdin is None else stdin[1], command.stdin or b"")
        return child


def _pipe(reader: ExitStack, writer: ExitStack) -> tuple[int, int]:
    """A pipe whose ends are closed with those stacks; no program inherits one but by being given it."""
    reading, writing = os.pipe()
    reader.callback(os.close, reading)
    writer.callback(os.close, writing)
    return reading, writing
