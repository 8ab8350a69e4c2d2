"""Libraries that a start does not pay for: imported on a thread, once the first list is out or by the first need."""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any

from mcp_protocol.server.context import Context
from mcp_protocol.server.dispatch import Proceed
from mcp_protocol.server.results import Answer
from mcp_protocol.session.calls import Call


async def imported(name: str) -> Any:
    """The module; a driver takes longer than a step of the event loop may."""
    found = sys.modules.get(name)
    # As the import system itself asks: another thread may be in the middle of it.
    if found is not None and not getattr(found.__spec__, "_initializing", False):
        return found
    return await asyncio.to_thread(import_module, name)


class Ahead:
    """A layer around calls that imports these modules after the first answer, for the call that will need them.

    The answers of a handshake do not count: a list follows at once, and would wait for its turn beside the import.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = list(names)

    async def __call__(self, ctx: Context[Any], call: Call, proceed: Proceed) -> Answer:
        """Answer first."""
        del ctx
        answer = await proceed()
        if self._names and call.method not in _HANDSHAKE:
            loop = asyncio.get_running_loop()
            names, self._names = self._names, []
            # In a later step: the reply is on its way by then.
            loop.call_later(_MOMENT, loop.run_in_executor, None, _import_all, names)
        return answer


_HANDSHAKE = frozenset({"initialize", "server/discover", "ping"})
_MOMENT = 0.005


def _import_all(names: Sequence[str]) -> None:
    """On a thread. Whoever needs a module that fails will say so."""
    for name in names:
        with suppress(ImportError):
            import_module(name)
