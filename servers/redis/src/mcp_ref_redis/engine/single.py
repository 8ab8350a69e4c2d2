"""One engine, found at a fixed address or by asking Sentinels for the primary of a name."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from mcp_ref_redis.engine.address import Address, SentinelPlace
from mcp_ref_redis.engine.opening import Link, Manner, Vector, open_link
from mcp_ref_redis.engine.pool import Pool
from mcp_ref_redis.engine.resp import Fault
from mcp_ref_redis.engine.sentinels import Sentinels
from mcp_ref_redis.engine.topology import APART, Keys


class Single:
    """The engine of one database."""

    spread = False

    def __init__(self, address: Address, manner: Manner, size: int, sentinel: SentinelPlace | None = None) -> None:
        self._address = address
        self._manner = manner
        self._sentinels = None if sentinel is None else Sentinels(sentinel, address, manner)
        self._pool = Pool(self._open, size, APART)

    @property
    def epoch(self) -> int:
        """It grows when what was learnt of the engine may no longer hold."""
        return self._pool.epoch

    @property
    def open_links(self) -> int:
        """How many connections there are."""
        return self._pool.open_links

    async def nodes(self) -> list[str]:
        """The one place."""
        return [""]

    async def run(
        self, vectors: Sequence[Vector], *, write: bool = False, node: str | None = None, keys: Keys = None
    ) -> list[Any]:
        """Send commands in one write; their replies in the same order.

        Raises:
            ToolError: `connection`, `too_large`.
        """
        del node, keys
        replies = await self._pool.run(vectors, write=write)
        if not any(isinstance(reply, Fault) and reply.word == "READONLY" for reply in replies):
            return replies
        await self._pool.renew()  # no longer the primary: whoever connects anew may find the one that is
        if self._sentinels is None or not _undone(replies):
            return replies
        return await self._pool.run(vectors, write=write)

    def apart(self, key: bytes | None = None) -> AbstractAsyncContextManager[Link]:
        """A connection of one's own."""
        del key
        return self._pool.apart()

    async def close(self) -> None:
        """Close all connections."""
        await self._pool.close()

    async def _open(self) -> Link:
        if self._sentinels is None:
            return await open_link(self._address, self._manner)
        return await self._sentinels.open_primary()


def _undone(replies: Sequence[Any]) -> bool:
    """Whether a replica has refused all of it: each command, or the transaction that holds them."""
    faults = [reply.word for reply in replies if isinstance(reply, Fault)]
    return faults[-1] == "EXECABORT" or (len(faults) == len(replies) and set(faults) == {"READONLY"})
