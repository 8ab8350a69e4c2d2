"""What a database is to the tools, be it one engine or a cluster; and which key decides where a command goes."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from mcp_ref_redis.engine.opening import Link, Vector

# Calls that block or listen at the same time, each on a connection of its own beside the shared ones.
WAITING = 10
# Two more are for the listeners of resources, however many they are: one reads streams, one hears channels.
APART = WAITING + 2

# For each command the key that says where it goes; None for commands that the table below does for.
Keys = Sequence[bytes | None] | None

# Typed tools write the vectors: where a key is not the first argument, it is here.
_AT: Mapping[bytes, int] = {b"OBJECT": 2, b"MEMORY": 2, b"XINFO": 2, b"XGROUP": 2, b"EVAL": 3, b"EVAL_RO": 3}
_KEYLESS = frozenset(
    {
        *(b"PING", b"INFO", b"DBSIZE", b"SCAN", b"COMMAND", b"ACL", b"CONFIG", b"CLIENT", b"SLOWLOG", b"LATENCY"),
        *(b"CLUSTER", b"MULTI", b"EXEC", b"FLUSHDB", b"TIME", b"COMMANDLOG", b"PUBLISH", b"FT._LIST", b"TS.MRANGE"),
        *(b"MODULE", b"TS.QUERYINDEX", b"PUBSUB"),
    }
)


class Engine(Protocol):
    """One database of the server."""

    spread: bool
    """Whether keys live on several nodes, so that no command may name any two of them."""

    @property
    def epoch(self) -> int:
        """It grows when what was learnt of the engine may no longer hold."""
        ...

    @property
    def open_links(self) -> int:
        """How many connections there are."""
        ...

    async def nodes(self) -> list[str]:
        """The places that hold keys."""
        ...

    async def run(
        self, vectors: Sequence[Vector], *, write: bool = False, node: str | None = None, keys: Keys = None
    ) -> list[Any]:
        """Send commands, each to where its key is, or all to a node; their replies in the same order."""
        ...

    def apart(self, key: bytes | None = None) -> AbstractAsyncContextManager[Link]:
        """A connection of one's own, to where a key is."""
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...


def key_of(vector: Vector) -> bytes | None:
    """The key by which a typed tool's command is placed."""
    name = bytes(vector[0])
    if name in _KEYLESS:
        return None
    if name in (b"XREAD", b"XREADGROUP"):
        return vector[list(vector).index(b"STREAMS") + 1]
    at = _AT.get(name, 1)
    return vector[at] if at < len(vector) else None
