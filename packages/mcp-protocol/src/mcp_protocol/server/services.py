"""What every call of a running server shares: its bounds, its clock, its subscriptions, its seal."""

import time
from collections.abc import Callable

from mcp_protocol.limits import Limits
from mcp_protocol.server.deadlines import Deadlines
from mcp_protocol.server.gate import Gate
from mcp_protocol.server.subscriptions import Hub
from mcp_protocol.session.seal import Seal


class Services:
    """Made once per running server."""

    def __init__(self, limits: Limits, seal: Seal) -> None:
        self.limits = limits
        self.seal = seal
        self.hub = Hub(limits)
        self.gate = Gate(limits.running, limits.waiting)
        self.spent = Spent()
        self.deadlines = Deadlines()
        self.clock: Callable[[], float] = time.monotonic
        self.now: Callable[[], float] = time.time


class Spent:
    """Nonces that have been used: each counts once, and is remembered for as long as its token could be valid."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def spend(self, nonce: str, *, now: float, expires: float) -> bool:
        """Whether this is the first use."""
        for old in [old for old, until in self._until.items() if until < now]:
            del self._until[old]
        if nonce in self._until:
            return False
        self._until[nonce] = expires
        return True
