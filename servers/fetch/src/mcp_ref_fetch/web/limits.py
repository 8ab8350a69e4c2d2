"""How often and how much at once a host is asked; one slow host never takes the places of the others."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from mcp_ref_fetch.faults import RateLimited
from mcp_ref_fetch.settings import Settings
from mcp_ref_kit.rates import Buckets
from mcp_ref_kit.settings import Rate

# A site that asks for longer pauses than this is not one to read page by page.
LONGEST_PAUSE = 10.0


class HostLimits:
    """Places and turns at each host, and places for all together."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._buckets = Buckets(settings.rate)
        self._rate = settings.rate
        self._each = settings.concurrency
        self._all = asyncio.Semaphore(settings.concurrency_total)
        self._hosts: dict[str, tuple[asyncio.Semaphore, int]] = {}
        self._turns: dict[str, float] = {}
        self._clock = clock

    async def turn(self, host: str, deadline: float, pause: float = 0) -> None:
        """Wait until the host may be asked once more; `pause` is what its robots.txt asks for.

        Raises:
            RateLimited: that is later than the deadline.
        """
        while wait := self._buckets.take(host, self._clock()):
            await self._sleep(host, wait, deadline)
        if pause:
            await self._pause(host, pause, deadline)

    @asynccontextmanager
    async def place(self, host: str) -> AsyncGenerator[None]:
        """Hold one of the host's places, then one of all places."""
        semaphore, waiting = self._hosts.get(host, (asyncio.Semaphore(self._each), 0))
        self._hosts[host] = (semaphore, waiting + 1)
        try:
            async with semaphore, self._all:
                yield
        finally:
            semaphore, waiting = self._hosts[host]
            if waiting > 1:
                self._hosts[host] = (semaphore, waiting - 1)
            else:
                del self._hosts[host]

    @property
    def rate(self) -> Rate:
        """How often one host may be asked."""
        return self._rate

    async def _pause(self, host: str, pause: float, deadline: float) -> None:
        if pause > LONGEST_PAUSE:
            raise RateLimited(
                f"`{host}` asks for {pause:g} s between requests; this server waits at most {LONGEST_PAUSE:g} s."
            )
        now = self._clock()
        turn = max(now, self._turns.get(host, 0))
        if turn > now:
            self._check(host, turn, deadline)
        self._turns[host] = turn + pause
        self._forget(now)
        if turn > now:
            await asyncio.sleep(turn - now)

    async def _sleep(self, host: str, wait: float, deadline: float) -> None:
        self._check(host, self._clock() + wait, deadline)
        await asyncio.sleep(wait)

    def _check(self, host: str, turn: float, deadline: float) -> None:
        if turn > deadline:
            seconds = max(1, round(turn - self._clock()))
            raise RateLimited(
                f"`{host}` was asked too often; its next turn is in {seconds} s.",
                hint=f"The limit is --rate {self._rate}, or the pause that its robots.txt asks for.",
            )

    def _forget(self, now: float) -> None:
        self._turns = {host: turn for host, turn in self._turns.items() if turn > now - LONGEST_PAUSE}
