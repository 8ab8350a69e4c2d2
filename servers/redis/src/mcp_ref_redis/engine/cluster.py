"""A cluster: commands go to the node of their key's slot, and redirections only to nodes that the cluster names."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from msgspec import Struct

from mcp_protocol import ToolError
from mcp_ref_kit.db.calls.errors import DbError
from mcp_ref_redis.engine.address import Address
from mcp_ref_redis.engine.faults import Lost, require, unreachable
from mcp_ref_redis.engine.opening import Link, Manner, Vector, load_driver, open_link
from mcp_ref_redis.engine.pool import Pool
from mcp_ref_redis.engine.resp import Fault
from mcp_ref_redis.engine.single import APART
from mcp_ref_redis.engine.topology import Keys, key_of

# A slot moves once; a client that is sent on more often is led in circles.
_MOST_REDIRECTIONS = 5
_REDIRECTIONS = frozenset({"MOVED", "ASK"})
_WORDS = 3


class Slots(Struct, frozen=True):
    """Who holds what: ranges of slots, each with its node as HOST:PORT."""

    ranges: tuple[tuple[int, int, str], ...]

    @property
    def nodes(self) -> list[str]:
        """All primaries, each once."""
        return list(dict.fromkeys(node for _, _, node in self.ranges))

    def node(self, slot: int) -> str | None:
        """The holder of a slot."""
        return next((node for first, last, node in self.ranges if first <= slot <= last), None)


class Cluster:
    """The engine of a database that is spread over nodes."""

    def __init__(self, seed: Address, manner: Manner, size: int) -> None:
        self._seed = seed
        self._manner = manner
        self._size = size
        self._slots: Slots | None = None
        self._pools: dict[str, Pool] = {}
        self._learning = asyncio.Lock()
        self._learnt = 0

    @property
    def epoch(self) -> int:
        """It grows when what was learnt of the engine may no longer hold."""
        return self._learnt + sum(pool.epoch for pool in self._pools.values())

    @property
    def open_links(self) -> int:
        """How many connections there are."""
        return sum(pool.open_links for pool in self._pools.values())

    async def nodes(self) -> list[str]:
        """The primaries."""
        return (await self._known()).nodes

    async def run(
        self, vectors: Sequence[Vector], *, write: bool = False, node: str | None = None, keys: Keys = None
    ) -> list[Any]:
        """Send commands, each to where its key is, or all to a node; their replies in the same order.

        Raises:
            ToolError: `connection`, `too_large`.
        """
        if node is not None:
            return await self._pool(node).run(vectors, write=write)
        placed = [key_of(vector) for vector in vectors] if keys is None else list(keys)
        replies: list[Any] = [None] * len(vectors)
        for place, wanted in (await self._groups(placed)).items():
            for at, reply in zip(wanted, await self._asked(place, vectors, wanted, write=write), strict=True):
                replies[at] = reply
        for at, reply in enumerate(replies):
            if isinstance(reply, Fault) and reply.word in _REDIRECTIONS:
                replies[at] = await self._redirected(vectors[at], reply, write=write)
        return replies

    @asynccontextmanager
    async def apart(self, key: bytes | None = None) -> AsyncGenerator[Link, None]:
        """A connection of one's own, to where a key is."""
        async with self._pool(await self._place(key)).apart() as link:
            yield link

    async def close(self) -> None:
        """Close all connections."""
        for pool in self._pools.values():
            await pool.close()

    async def _asked(self, place: str, vectors: Sequence[Vector], wanted: list[int], *, write: bool) -> list[Any]:
        try:
            return await self._pool(place).run([vectors[at] for at in wanted], write=write)
        except ToolError as error:
            if error.code == "connection":
                self._slots = None  # a failover may have happened: the next call looks again
            raise

    async def _groups(self, keys: Sequence[bytes | None]) -> dict[str, list[int]]:
        """The commands of each node, by their place in the pipeline; one transaction stays together."""
        groups: dict[str, list[int]] = {}
        for at, key in enumerate(keys):
            groups.setdefault(await self._place(key), []).append(at)
        return groups

    async def _place(self, key: bytes | None) -> str:
        slots = await self._known()
        if key is None:
            return slots.nodes[0]
        from redis.crc import key_slot  # noqa: PLC0415  loaded by `_known`

        node = slots.node(key_slot(key))
        if node is None:
            raise DbError("No node of the cluster holds the slot of this key.", code="busy")
        return node

    async def _redirected(self, vector: Vector, fault: Fault, *, write: bool) -> Any:
        reply: Any = fault
        for _ in range(_MOST_REDIRECTIONS):
            if not isinstance(reply, Fault) or reply.word not in _REDIRECTIONS:
                break
            words = reply.text.split()
            if reply.word == "MOVED":
                self._slots = None
            node = await self._named(words)
            if node is None:
                break
            asking: list[Vector] = [(b"ASKING",)] if reply.word == "ASK" else []
            reply = (await self._pool(node).run([*asking, vector], write=write))[-1]
        return reply

    async def _named(self, words: Sequence[str]) -> str | None:
        """The node of a redirection, if the cluster itself names it among its primaries."""
        nodes = (await self._known()).nodes
        if len(words) != _WORDS:
            return None
        node = words[2] if not words[2].startswith(":") else f"{self._seed.host}{words[2]}"
        return node if node in nodes else None

    async def _known(self) -> Slots:
        async with self._learning:
            if self._slots is None:
                await load_driver()
                self._slots = await self._learn()
                self._learnt += 1
            return self._slots

    async def _learn(self) -> Slots:
        """Ask the nodes that are known, then the seed."""
        failure: ToolError | None = None
        for place in [*self._pools, f"{self._seed.host}:{self._seed.port}"]:
            try:
                [reply] = await self._pool(place).run([(b"CLUSTER", b"SLOTS")], write=False)
                return self._read(require(reply))
            except (ToolError, Lost) as error:
                failure = error if isinstance(error, ToolError) else unreachable()
        raise failure or unreachable()

    def _read(self, reply: Any) -> Slots:
        ranges = tuple((first, last, self._name(node)) for first, last, node, *_ in reply)
        if not ranges:
            raise DbError("The cluster has no slots yet.", code="busy")
        return Slots(ranges)

    def _name(self, node: Sequence[Any]) -> str:
        """HOST:PORT; a node that does not know its own address is where it was asked."""
        host = (node[0] or b"").decode("utf-8", "replace")
        return f"{self._seed.host if host in ('', '?') else host}:{node[1]}"

    def _pool(self, node: str) -> Pool:
        pool = self._pools.get(node)
        if pool is None:
            host, _, port = node.rpartition(":")
            address = self._seed.at(host, int(port))
            pool = self._pools[node] = Pool(lambda: open_link(address, self._manner), self._size, APART)
        return pool
