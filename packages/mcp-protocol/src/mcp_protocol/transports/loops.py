"""The event loop to run a server on, where there is a choice."""

import sys
from asyncio import AbstractEventLoop
from collections.abc import Callable


def fast_loop() -> Callable[[], AbstractEventLoop] | None:
    """What makes uvloop's loop, where that is installed; None for the standard one.

    For servers that listen, or whose tools speak through sockets: a round trip costs half (30 instead of 62 us of CPU
    with asyncpg). To import it takes 5 ms, which other servers need not pay.
    """
    if sys.platform == "win32":
        return None
    try:
        import uvloop  # noqa: PLC0415  an optional accelerator
    except ImportError:
        return None
    return uvloop.new_event_loop
