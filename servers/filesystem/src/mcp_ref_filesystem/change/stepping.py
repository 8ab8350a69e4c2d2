"""Changes that take long: done in slices under one lock, with progress between them."""

import time
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from typing import Any, Concatenate, ParamSpec, TypeVar

from mcp_protocol import ToolError
from mcp_ref_filesystem.access.located import Located
from mcp_ref_filesystem.change.recording import Job
from mcp_ref_filesystem.slices import SLICE_SECONDS, Pulse
from mcp_ref_filesystem.state import Ctx
from mcp_ref_kit.workers import Stop

P = ParamSpec("P")
Result = TypeVar("Result")

Work = Generator[int, None, Result]


async def change_in_steps(
    ctx: Ctx,
    tool: str,
    targets: Iterable[Located],
    function: Callable[Concatenate[Job, P], Work[Result]],
    *args: P.args,
    **kwargs: P.kwargs,
) -> Result:
    """Do the work that `function(job, ...)` yields while the targets are locked; it yields how much it did since.

    The work polls `job.stop` itself, so a cancelled one tidies up in its thread.
    """
    changes, workers, pulse = ctx.state.changes, ctx.state.workers, Pulse()
    async with changes.locked(targets):
        work = function(changes.job(ctx, tool, pulse), *args, **kwargs)
        results: list[Result] = []
        done = 0
        try:
            while not results:
                done += await workers.run_stoppable(_slice, work, pulse, results)
                await ctx.progress(done)
        finally:
            with suppress(ValueError, ToolError):  # still in a thread that is stuck in the kernel, or no thread is left
                await workers.run(work.close)
        return results[0]


def _slice(stop: Stop, work: Work[Any], pulse: Pulse, results: list[Any]) -> int:
    """Work for a while; at the end the result is put into the list."""
    pulse.stop = stop
    end = time.monotonic() + SLICE_SECONDS
    done = 0
    while time.monotonic() < end:
        try:
            done += next(work)
        except StopIteration as finished:
            results.append(finished.value)
            break
    return done
