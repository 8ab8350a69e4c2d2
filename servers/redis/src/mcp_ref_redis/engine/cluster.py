"""A cluster: commands go to the node of their key's slot, and redirections only to nodes that the cluster names."""

import asyncio
from collections.abc import AsyncGenerator, Generator, Iterable, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeAlias

from mcp_protocol import ToolError
from mcp_ref_kit.db.calls.errors import DbError
from mcp_ref_redis.engine.address import Address
from mcp_ref_redis.engine.faults import gone, require, unreachable, within
from mcp_ref_redis.engine.opening import Link, Manner, Vector, load_driver, open_link
from mcp_ref_redis.engine.pool import Pool
from mcp_ref_redis.engine.slots import Redirection, Slots, read_slots, redirection
from mcp_ref_redis.engine.topology import APART, Keys, key_of

# A slot moves once. Who is sent on more often is led in circles, as happens until both of its nodes know of the move.
_PAUSES = (0, 0, 0.02, 0.05, 0.1)
# A node that stands still must leave time to ask the others where its slots are now.
_PATIENCE = 2.0
_MULTI, _ASKING = (b"MULTI",), (b"ASKING",)

Places: TypeAlias = dict[tuple[str, bool], list[int]]
"""What to send where: by node and whether to say ASKING, the commands by their place in the pipeline."""


class Cluster:
    """The engine of a database that is spread over nodes."""

    spread = True

    def __init__(self, seed: Address, manner: Manner, size: int) -> None:
        self._seed = seed
        self._home = f"{seed.host}:{seed.port}"
        self._manner = manner
        self._size = size
        self._slots: Slots | None = None
        self._last: Slots | None = None
        self._pools: dict[str, Pool] = {}
        self._doubted: set[str] = set()
        """Nodes that failed or kept silent lately: they are asked last."""
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

        A transaction goes as a whole: a part of it that was sent on alone would be done although the rest was not.

        Raises:
            ToolError: `connection`, `too_large`, `busy`.
        """
        if node is not None:
            return await self._sent(node, vectors, write=write)
        placed = [key_of(vector) for vector in vectors] if keys is None else list(keys)
        if vectors[0] == _MULTI:
            return await self._transaction(vectors, placed[0], write=write)
        replies: list[Any] = [None] * len(vectors)
        places = await self._places(placed)
        await self._fill(replies, vectors, places, write=write)
        for pause in _PAUSES:
            places = await self._led(replies, [at for wanted in places.values() for at in wanted])
            if not places:
                break
            await asyncio.sleep(pause)
            await self._fill(replies, vectors, places, write=write)
        return replies

    @asynccontextmanager
    async def apart(self, key: bytes | None = None) -> AsyncGenerator[Link, None]:
        """A connection of one's own, to where a key is."""
        place = await self._place(key)
        with self._doubting(place):
            async with self._pool(place).apart() as link:
                yield link

    async def close(self) -> None:
        """Close all connections."""
        for pool in self._pools.values():
            await pool.close()

    async def _transaction(self, vectors: Sequence[Vector], key: bytes | None, *, write: bool) -> list[Any]:
        """All to one node; one that refused to queue a part has done nothing, so that all is sent on together."""
        replies = await self._sent(await self._place(key), vectors, write=write)
        for pause in _PAUSES:
            led = await self._led(replies, range(len(replies)))
            moved = next((node for node, asking in led if not asking), None)
            if moved is None:
                break
            await asyncio.sleep(pause)
            replies = await self._sent(moved, vectors, write=write)
        return replies

    async def _fill(self, replies: list[Any], vectors: Sequence[Vector], places: Places, *, write: bool) -> None:
        """Put the replies of each place where their commands stand; of several places one may be gone."""
        for (place, asking), wanted in places.items():
            try:
                found = await self._asked(place, [vectors[at] for at in wanted], asking=asking, write=write)
            except ToolError as error:
                if len(wanted) == len(vectors) or error.code != "connection":
                    raise
                found = [gone(error)] * len(wanted)
            for at, reply in zip(wanted, found, strict=True):
                replies[at] = reply

    async def _asked(self, place: str, vectors: Sequence[Vector], *, asking: bool, write: bool) -> list[Any]:
        if not asking:
            return await self._sent(place, vectors, write=write)
        return (await self._sent(place, [one for vector in vectors for one in (_ASKING, vector)], write=write))[1::2]

    async def _sent(self, place: str, vectors: Sequence[Vector], *, write: bool) -> list[Any]:
        with self._doubting(place):
            replies = await self._pool(place).run(vectors, write=write)
        self._doubted.discard(place)
        return replies

    @contextmanager
    def _doubting(self, place: str) -> Generator[None]:
        """A node that fails, or is silent until a call is given up, may have been replaced: the next call looks."""
        try:
            yield
        except (ToolError, asyncio.CancelledError) as error:
            if not isinstance(error, ToolError) or error.code == "connection":
                self._doubted.add(place)
                self._slots = None
            raise

    async def _places(self, keys: Sequence[bytes | None]) -> Places:
        places: Places = {}
        for at, key in enumerate(keys):
            places.setdefault((await self._place(key), False), []).append(at)
        return places

    async def _place(self, key: bytes | None) -> str:
        slots = await self._known()
        if key is None:
            return min(slots.nodes, key=self._doubted.__contains__)
        from redis.crc import key_slot  # noqa: PLC0415  loaded by `_known`

        node = slots.node(key_slot(key))
        if node is None:
            raise DbError("No node of the cluster holds the slot of this key.", code="busy")
        return node

    async def _led(self, replies: Sequence[Any], wanted: Iterable[int]) -> Places:
        """Which of these commands are sent on and where, if the cluster itself names the place among its primaries."""
        found = [(at, led) for at in wanted if (led := redirection(replies[at], self._seed.host)) is not None]
        if not found:
            return {}
        self._notice([led for _, led in found])
        nodes = set((await self._known()).nodes)
        places: Places = {}
        for at, led in found:
            if led.node in nodes:
                places.setdefault((led.node, led.asking), []).append(at)
        return places

    def _notice(self, redirections: Sequence[Redirection]) -> None:
        """Forget the map where it says otherwise than a node does."""
        slots = self._slots
        if slots is not None and not all(_agrees(slots, led) for led in redirections):
            self._slots = None

    async def _known(self) -> Slots:
        async with self._learning:
            if self._slots is None:
                await load_driver()
                found = await self._learn()
                if found != self._last:
                    self._learnt += 1
                self._slots = self._last = found
                await self._forget_others(found)
            return self._slots

    async def _learn(self) -> Slots:
        """Ask the nodes that were known and the seed, those first that answered the last time."""
        failure: ToolError = unreachable()
        known = [] if self._last is None else self._last.nodes
        for place in sorted(dict.fromkeys([*known, self._home]), key=self._doubted.__contains__):
            try:
                async with within(_PATIENCE):
                    [reply] = await self._pool(place).run([(b"CLUSTER", b"SLOTS")], write=False)
                slots = read_slots(require(reply), self._seed.host)
            except ToolError as error:
                self._doubted.add(place)
                failure = error
                continue
            self._doubted.discard(place)
            return slots
        raise failure

    async def _forget_others(self, slots: Slots) -> None:
        """Close the connections to nodes that hold nothing any more."""
        kept = {self._home, *slots.nodes}
        self._doubted &= kept
        for place in [place for place in self._pools if place not in kept]:
            pool = self._pools.pop(place)
            await pool.renew()
            self._learnt += pool.epoch  # what has grown never shrinks

    def _pool(self, node: str) -> Pool:
        pool = self._pools.get(node)
        if pool is None:
            host, _, port = node.rpartition(":")
            address = self._seed.at(host, int(port))
            pool = self._pools[node] = Pool(lambda: open_link(address, self._manner), self._size, APART)
        return pool


def _agrees(slots: Slots, led: Redirection) -> bool:
    """Whether a map says what a node says; a slot that is only being moved is still where the map has it."""
    return led.node in slots.nodes if led.asking else slots.node(led.slot) == led.node
