"""Run a program to its end, or stop it: by deadline, by the bound of its output, or with the call that wanted it."""

import asyncio
from subprocess import DEVNULL, PIPE

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
    child = Child(bounds, take)
    try:
        await asyncio.get_running_loop().subprocess_exec(
            lambda: child,
            *command.argv,
            stdin=DEVNULL if command.stdin is None else PIPE,
            stdout=PIPE,
            stderr=PIPE,
            cwd=command.cwd,
            env=dict(command.env),
            start_new_session=True,
        )
    except OSError as error:
        raise CannotStart(error.strerror) from error
    try:
        if command.stdin is not None:
            child.give(command.stdin)
        async with asyncio.timeout(bounds.seconds):
            await child.done.wait()
        code = child.code
    except TimeoutError:
        raise TimedOut(bounds.seconds) from None
    finally:
        await child.end()
    stopped = child.cut and code is None
    return Finished(
        code=None if stopped else child.code, stdout=bytes(child.stdout), stderr=bytes(child.stderr), cut=child.cut
    )
