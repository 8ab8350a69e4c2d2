"""Long blocking work in slices: between two of them the event loop reports progress and sees a cancellation."""

import time
from collections.abc import Generator
from contextlib import suppress

from mcp_ref_filesystem.state import Ctx
from mcp_ref_kit.workers import Stop

# Progress is worth showing this often; a cancelled call waits for one step, not for a slice.
SLICE_SECONDS = 0.2


# What a piece of work yields is how far it has come; it never decreases.
Steps = Generator[int, None, None]


class Pulse:
    """Lets work look up between two of its steps: within a slice, the stop token of that slice."""

    __slots__ = ("stop",)

    def __init__(self) -> None:
        self.stop = Stop()

    def check(self) -> None:
        """Do nothing, or end the work.

        Raises:
            Stopped: the call was cancelled, or the server ends.
        """
        self.stop.check()


async def carry_out(ctx: Ctx, steps: Steps, pulse: Pulse, what: str) -> None:
    """Run the work to its end in the server's workers, reporting how many of `what` are done."""
    try:
        while (done := await ctx.state.workers.run_stoppable(_slice, steps, pulse)) is not None:
            await ctx.progress(done, message=f"{done} {what}")
    finally:
        with suppress(ValueError):  # still in a thread that is stuck in the kernel: it closes itself when collected
            steps.close()


def _slice(stop: Stop, steps: Steps, pulse: Pulse) -> int | None:
    pulse.stop = stop
    end = time.monotonic() + SLICE_SECONDS
    for done in steps:
        stop.check()
        if time.monotonic() >= end:
            return done
    return None
