"""The event loop that a program runs on."""

import asyncio
import sys
from collections.abc import Callable

Loop = Callable[[], asyncio.AbstractEventLoop]


def loop_for(*, sockets: bool) -> Loop | None:
    """What makes the loop; None for the standard one.

    For tools that speak to an engine through sockets it is uvloop, where that is installed: a round trip costs half
    (30 instead of 62 us of CPU with asyncpg), and to import it takes 5 ms, which other servers need not pay.
    """
    if not sockets or sys.platform == "win32":
        return None
    try:
        import uvloop  # noqa: PLC0415  see above
    except ImportError:
        return None
    return uvloop.new_event_loop
