"""An open portal and its session: fills pages in blocks, and can stay open between two of them."""

import asyncio
from collections.abc import Sequence
from typing import Any

from mcp_ref_kit.db.page import Page
from mcp_ref_postgres.engine.connecting import Session
from mcp_ref_postgres.engine.database import Engine
from mcp_ref_postgres.engine.driver import Portal, Record, Rows
from mcp_ref_postgres.reading.columns import Shape

# Rows of wide tables are large, and one block is in memory before it is measured.
BLOCK = 64


class Reading:
    """The rows of one statement, of one snapshot, in the transaction of one session."""

    def __init__(self, engine: Engine, session: Session, shape: Shape) -> None:
        self.engine = engine
        self.session = session
        self.shape = shape
        self.finished = False
        self.holdable = True
        self._rest: list[Record] = []
        self._rows: Rows | None = None
        self._portal: Portal | None = None

    async def open(self, statement: str, arguments: Sequence[Any], *, skip: int, limit: int) -> None:
        """Begin to read; rows before `skip` are passed over inside the engine."""
        connection = self.session.connection
        prefetch = min(BLOCK, limit + 1)
        if skip == 0 and self.session.statement_name is None:
            self._rows = aiter(connection.cursor(statement, *arguments, prefetch=prefetch))
            return
        prepared = await connection.prepare(statement, name=self.session.statement_name)
        portal: Portal = await prepared.cursor(*arguments)
        self._portal = portal
        if skip and await portal.forward(skip) < skip:
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
        if self.finished:
            return []
        most = min(wanted, BLOCK)
        async with asyncio.timeout_at(until):
            rows = await self._moved(most) if self._portal else await self._iterated(most)
        self.finished = len(rows) < most
        return rows

    async def _moved(self, most: int) -> list[Record]:
        if self._portal is None:
            raise AssertionError("no portal was opened")
        return await self._portal.fetch(most)

    async def _iterated(self, most: int) -> list[Record]:
        rows: list[Record] = []
        if self._rows is None:
            raise AssertionError("nothing was opened")
        while len(rows) < most:
            try:
                rows.append(await anext(self._rows))
            except StopAsyncIteration:
                break
        return rows
