"""One database of the server: its engine, what is known of it, what may be done there, and the jail round its keys."""

import asyncio
from typing import Any

from mcp_ref_kit import Mode
from mcp_ref_kit.db.program.sources import Database as Source
from mcp_ref_redis.access.commands import Table, table
from mcp_ref_redis.access.gate import Gate
from mcp_ref_redis.access.jail import Jail
from mcp_ref_redis.engine.faults import require
from mcp_ref_redis.engine.opening import Vector
from mcp_ref_redis.engine.topology import Engine, Keys

_MOST_REMEMBERED = 1024
_LONGEST_REMEMBERED = 256


class Database:
    """One database: its engine, what is known of it, and the jail round its keys."""

    def __init__(self, source: Source, engine: Engine, jail: Jail, gate: Gate, *, number: int) -> None:
        self.name = source.name
        self.mode: Mode = source.mode
        self.engine = engine
        self.jail = jail
        self.gate = gate
        self.number = number
        self.most_seconds = source.limits.timeout
        self._table: tuple[int, Table] | None = None
        self._asking = asyncio.Lock()
        self._strings: dict[bytes, None] = {}

    async def run(self, *vectors: Vector, write: bool = False, node: str | None = None, keys: Keys = None) -> list[Any]:
        """Send commands as one pipeline; a reply may be a Fault.

        Raises:
            ToolError: `connection`, `too_large`.
        """
        return await self.engine.run(vectors, write=write, node=node, keys=keys) if vectors else []

    async def ask(self, *vector: bytes, write: bool = False, node: str | None = None) -> Any:
        """Send one command.

        Raises:
            ToolError: also what the engine refuses.
        """
        [reply] = await self.engine.run([vector], write=write, node=node)
        return require(reply)

    def was_string(self, key: bytes) -> bool:
        """Whether a key was a string when it was read before, lately."""
        return key in self._strings

    def remember(self, key: bytes, *, string: bool) -> None:
        """Whether it is one now; only the keys that were read last are known, and no long ones."""
        self._strings.pop(key, None)
        if string and len(key) <= _LONGEST_REMEMBERED:
            self._strings[key] = None
        if len(self._strings) > _MOST_REMEMBERED:
            del self._strings[next(iter(self._strings))]

    async def table(self) -> Table:
        """The engine's commands, asked for once for as long as its connections hold.

        Raises:
            ToolError: the user may not ask.
        """
        async with self._asking:  # it is large: all who wait for it take the one that comes
            if self._table is None or self._table[0] != self.engine.epoch:
                reply = await self.ask(b"COMMAND")
                self._table = (self.engine.epoch, table(reply))
            return self._table[1]
