"""One engine, found at a fixed address or by asking Sentinels for the primary of a name."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from mcp_protocol import ToolError
from mcp_ref_redis.engine.address import Address, SentinelPlace
from mcp_ref_redis.engine.faults import Lost, unreachable
from mcp_ref_redis.engine.opening import Link, Manner, Vector, open_link
from mcp_ref_redis.engine.pool import Pool
from mcp_ref_redis.engine.resp import Fault
from mcp_ref_redis.engine.topology import Keys

# Connections for calls that block or listen, beside the shared ones.
APART = 10
_PAIR = 2


class Single:
    """The engine of one database."""

    def __init__(self, address: Address, manner: Manner, size: int, sentinel: SentinelPlace | None = None) -> None:
        self._address = address
        self._manner = manner
        self._sentinel = sentinel
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
        if self._sentinel is not None and any(isinstance(one, Fault) and one.word == "READONLY" for one in replies):
            await self._pool.drop_idle()  # no longer the primary: the next call asks where that is
        return replies

    def apart(self, key: bytes | None = None) -> AbstractAsyncContextManager[Link]:
        """A connection of one's own."""
        del key
        return self._pool.apart()

    async def close(self) -> None:
        """Close all connections."""
        await self._pool.close()

    async def _open(self) -> Link:
        if self._sentinel is None:
            return await open_link(self._address, self._manner)
        host, port = await self._primary(self._sentinel)
        return await open_link(self._address.at(host, port), self._manner)

    async def _primary(self, sentinel: SentinelPlace) -> tuple[str, int]:
        """Where the primary is, by the first Sentinel that knows."""
        question = (b"SENTINEL", b"GET-MASTER-ADDR-BY-NAME", sentinel.name.encode())
        for host, port in sentinel.places:
            async with self._asked(host, port) as link:
                reply: Any = None if link is None else (await link.exchange([question]))[0]
            if reply is not None and not isinstance(reply, Fault) and len(reply) == _PAIR:
                return reply[0].decode(), int(reply[1])
        raise unreachable("no Sentinel knows where its primary is")

    @asynccontextmanager
    async def _asked(self, host: str, port: int) -> AsyncGenerator[Link | None, None]:
        plain = Address(host=host, port=port, tls=self._address.tls)
        try:
            link = await open_link(plain, self._manner)
        except ToolError:
            yield None
            return
        try:
            yield link
        except Lost as error:
            raise unreachable("the Sentinel went away") from error
        finally:
            await link.close()
