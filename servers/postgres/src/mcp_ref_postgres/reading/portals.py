"""An open portal and its session: fills pages in blocks, and can stay open between two of them."""

import asyncio
from collections.abc import Sequence
from typing import Any

from mcp_ref_kit.db.rows.page import Page
from mcp_ref_postgres.engine.connecting import Session
from mcp_ref_postgres.engine.database import Engine
from mcp_ref_postgres.engine.driver import Portal, Record
from mcp_ref_postgres.reading.columns import Shape

# Rows of wide tables are large, and one block is in memory before it is measured. While blocks fit onto the page
# whole, the next ones are larger.
BLOCK = 64
LARGEST_BLOCK = 512


class Reading:
    """The rows of one statement, of one snapshot, in the transaction of one session."""

    def __init__(self, engine: Engine, session: Session, shape: Shape) -> None:
        self.engine = engine
        self.session = session
        self.shape = shape
        self.finished = False
        self.holdable = True
        self._rest: list[Record] = []
        self._portal: Portal | None = None
        self._size = BLOCK

    async def open(self, statement: str, arguments: Sequence[Any], *, skip: int) -> None:
        """Begin to read; rows before `skip` are passed over inside the engine."""
        connection, name = self.session.connection, self.session.statement_name
        if name is None:
            self._portal = await connection.cursor(statement, *arguments)
        else:
            self._portal = await (await connection.prepare(statement, name=name)).cursor(*arguments)
        if skip and await self._portal.forward(skip) < skip:
            self.finished = True

    def give(self, rows: list[Record], *, cut: bool) -> None:
        """The rows at once, where they were fetched without a portal; `cut`: there are more in the engine."""
        self._rest = rows
        self.finished = True
        self.holdable = not cut

    async def fill(self, page: Page, until: float) -> None:
        """Put rows on a page until it is full or there are no more.

        Raises:
            TimeoutError: the page may have rows already.
        """
        while page.wanted:
            block = self._rest or await self._block(page.wanted, until)
            self._rest = []
            if not block:
                return
            page.add(block)
            self._rest = list(page.rest)

    async def _block(self, wanted: int, until: float) -> list[Record]:
        if self.finished or self._portal is None:
            return []
        most = min(wanted, self._size)
        async with asyncio.timeout_at(until):
            rows = await self._portal.fetch(most)
        self.finished = len(rows) < most
        self._size = min(self._size * 2, LARGEST_BLOCK)
        return rows
