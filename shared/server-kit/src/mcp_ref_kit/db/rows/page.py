"""One page of rows, built while they are fetched: it knows when it is full, by rows and by bytes."""

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET, Raw, Struct

from mcp_protocol.server.output import Output
from mcp_ref_kit.db.rows.cells import Cells, Encoder
from mcp_ref_kit.db.rows.envelope import (
    LONGEST_NOTICE,
    MOST_NOTICES,
    Column,
    Envelope,
    Format,
    Reason,
    Truncation,
)
from mcp_ref_kit.db.rows.formats import as_json, visible, writer

Row = Sequence[Any]

# Rows that are fetched at a time: a page never holds more than its budget and one such block.
BLOCK = 256
# What else is in a page than columns and rows: a cursor, counts, notices.
_REST = 8192
_FEWEST_CHARACTERS = 1


class Bounds(Struct, frozen=True, kw_only=True):
    """How much one page may hold. `size` is the operator's budget for the whole of a page, in bytes."""

    limit: int = 200
    size: int = 262_144
    cell: int = 4096


class Page:
    """`while page.wanted: page.add(fetch(page.wanted))`, then `page.finish(...)`.

    Rows that came and did not fit are in `rest`: a cursor that is held keeps them for the next page. A page may be
    built on another thread than it is finished on.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        bounds: Bounds,
        *,
        form: Format = "json",
        cells: Cells | None = None,
        encoders: Sequence[Encoder] | None = None,
    ) -> None:
        """`encoders`, one a column, are methods of `cells`, or functions that use it."""
        self.columns: list[Column] = []
        self.rest: list[Row] = []
        self.taken = 0
        self.reason: Reason | None = None
        self.total: int | None = None
        self._bounds = bounds
        self._form: Format = form
        self._cells = cells or Cells(bounds.cell)
        self._encoders = encoders
        self._parts: list[bytes] = []
        self.name(columns)

    def name(self, columns: Sequence[Column]) -> None:
        """Say what the columns are, where that is known only once the statement runs; before the first row."""
        self.columns = [Column(visible(column.name), column.type) for column in columns]
        self._writer = writer(self._form, self.columns)
        self._size = len(self._writer.head)
        self._most = self._bounds.size - min(_REST, self._bounds.size // 4) - len(as_json(self.columns))

    @property
    def wanted(self) -> int:
        """How many rows to fetch next; one more than fit says that there are more. 0 when the page is done."""
        if self.reason is not None:
            return 0
        return min(BLOCK, self._bounds.limit + 1 - self.taken)

    @property
    def truncated(self) -> bool:
        """Whether there is more than the page holds."""
        return self.reason is not None

    def add(self, rows: Sequence[Row]) -> None:
        """Take as many of these rows as fit. Fewer rows than were wanted do not end a page: its caller knows why."""
        for at, row in enumerate(rows):
            reason = "limit" if self.taken >= self._bounds.limit else self._take(row)
            if reason is not None:
                self.stop(reason)
                self.rest = list(rows[at:])
                return

    def stop(self, reason: Reason, total: int | None = None) -> None:
        """There is more, and it is not for this page; the first reason counts."""
        self.reason = self.reason or reason
        self.total = total if self.total is None else self.total

    def finish(
        self,
        *,
        elapsed_ms: float,
        next_cursor: str | None = None,
        re_executed: bool = False,
        notices: Sequence[str] = (),
    ) -> Output[Envelope]:
        """The result of the tool. In other forms than JSON the rows are in the text alone."""
        envelope = self.envelope(
            elapsed_ms=elapsed_ms, next_cursor=next_cursor, re_executed=re_executed, notices=notices
        )
        return Output(envelope) if self._form == "json" else Output(envelope, self._written().decode())

    def envelope(
        self,
        *,
        elapsed_ms: float,
        next_cursor: str | None = None,
        re_executed: bool = False,
        notices: Sequence[str] = (),
    ) -> Envelope:
        """The same as data, to be part of another result."""
        reason = self.reason
        return Envelope(
            columns=self.columns,
            rows=Raw(self._written()) if self._form == "json" else UNSET,
            row_count=self.taken,
            truncated=reason is not None,
            truncation=None if reason is None else Truncation(reason, self.taken, self.total),
            truncated_cells=self._cells.cut,
            next_cursor=next_cursor,
            re_executed=re_executed,
            elapsed_ms=round(elapsed_ms, 3),
            notices=_fitting(notices, self._bounds.size // 8),
        )

    def _take(self, row: Row) -> Reason | None:
        cut_before = self._cells.cut
        data = self._writer.row(self._cells.row(row, self._encoders))
        if self._size + len(data) + 1 > self._most:
            if self.taken:
                self._cells.cut = cut_before
                return "bytes"
            data = self._squeezed(row, cut_before)
        self._parts.append(data)
        self._size += len(data) + len(self._writer.between)
        self.taken += 1
        return None

    def _squeezed(self, row: Row, cut_before: int) -> bytes:
        """The first row of a page has to be on it: its cells are cut until it fits."""
        cells = self._cells
        most, usual = max(self._most // max(len(row), 1), _FEWEST_CHARACTERS), cells.most
        while True:
            cells.most, cells.cut = min(most, usual), cut_before
            data = self._writer.row(cells.row(row, self._encoders))
            if len(data) + self._size <= self._most or most <= _FEWEST_CHARACTERS:
                cells.most = usual
                return data
            most //= 2

    def _written(self) -> bytes:
        writer = self._writer
        return writer.head + writer.between.join(self._parts) + writer.tail


def _fitting(notices: Sequence[str], most: int) -> list[str]:
    """As many notices as fit, each cut at its length."""
    kept: list[str] = []
    for notice in notices[:MOST_NOTICES]:
        text = visible(notice[:LONGEST_NOTICE])
        most -= len(text.encode("utf-8", "replace"))
        if most < 0:
            break
        kept.append(text)
    return kept
