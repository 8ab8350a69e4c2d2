"""profile_table: one pass over the first rows of a table, a few figures a column. On a reader's thread."""

import sqlite3
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

from msgspec import Struct

from mcp_ref_kit.db.calls.deadline import Progress
from mcp_ref_kit.db.calls.errors import unknown
from mcp_ref_kit.db.rows.cells import Cells
from mcp_ref_kit.db.sql.statements import identifier
from mcp_ref_sqlite.engine.database import Database
from mcp_ref_sqlite.reading.objects import Counts, column_names, find
from mcp_ref_sqlite.results import Profile
from mcp_ref_sqlite.state import Ctx

_BLOCK = 1000
# Different values that are counted one by one; beyond them the rest of the sample only raises the estimate.
_MOST_DISTINCT = 10_000
_MOST_TOP = 5
_SHOWN_CHARACTERS = 200
_TYPES: dict[type, str] = {int: "INTEGER", float: "REAL", str: "TEXT", bytes: "BLOB", type(None): "NULL"}
_NUMBERS = (int, float)


class ColumnProfile(Struct, frozen=True, kw_only=True):
    """What the sample says of a column."""

    name: str
    types: dict[str, int]
    nulls: int
    distinct_est: int
    min: Any
    max: Any
    mean: float | None
    top: list[list[Any]]
    max_len: int | None


async def profile(ctx: Ctx, database: Database, table: str, columns: Sequence[str] | None, sample: int) -> Profile:
    """The profile of a table."""
    progress = Progress(ctx, sample)
    async with ctx.state.running(database, None) as deadline:
        pass_ = _Pass(table, columns, sample)
        async with progress.following(lambda: pass_.done):
            return await database.read(partial(pass_.run), deadline)


class _Pass:
    """One pass; `done` is read while it goes on."""

    def __init__(self, table: str, columns: Sequence[str] | None, sample: int) -> None:
        self.done = 0
        self._table = table
        self._columns = columns
        self._sample = sample

    def run(self, connection: sqlite3.Connection) -> Profile:
        self.done = 0
        found = find(connection, self._table, readable=True)
        names = _chosen(column_names(connection, found.name), self._columns)
        tallies = [_Tally(name) for name in names]
        reading = f"SELECT {', '.join(map(identifier, names))} FROM {identifier(found.name)} LIMIT ?"  # noqa: S608  found names
        cursor = connection.execute(reading, (self._sample,))
        while rows := cursor.fetchmany(_BLOCK):
            for tally, values in zip(tallies, zip(*rows, strict=True), strict=True):
                tally.add(values)
            self.done += len(rows)
        rows = self.done if self.done < self._sample else Counts(connection).of(found)[0]
        return Profile(rows=rows, sampled=self.done, columns=[tally.column() for tally in tallies])


def _chosen(names: list[str], wanted: Sequence[str] | None) -> list[str]:
    for name in wanted or ():
        if name not in names:
            raise unknown("column", name, names)
    return names if wanted is None else list(dict.fromkeys(wanted))


class _Tally:
    """What has been seen of one column."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._types: Counter[str] = Counter()
        self._values: Counter[Any] = Counter()
        self._beyond = 0
        self._low: Any = None
        self._high: Any = None
        self._sum = 0.0
        self._numbers = 0
        self._longest: int | None = None

    def add(self, values: Sequence[Any]) -> None:
        """Some more values."""
        for kind, count in Counter(map(type, values)).items():
            self._types[_TYPES.get(kind, "ANY")] += count
        present = [value for value in values if value is not None]
        if not present:
            return
        self._count(present)
        self._low = min([*present, *([] if self._low is None else [self._low])], key=_order)
        self._high = max([*present, *([] if self._high is None else [self._high])], key=_order)
        numbers = [value for value in present if isinstance(value, _NUMBERS)]
        self._sum += sum(map(float, numbers))
        self._numbers += len(numbers)
        lengths = [len(value) for value in present if isinstance(value, str | bytes)]
        if lengths:
            self._longest = max(self._longest or 0, *lengths)

    def _count(self, present: Sequence[Any]) -> None:
        if len(self._values) < _MOST_DISTINCT:
            self._values.update(present)
            return
        for value in present:
            if value in self._values:
                self._values[value] += 1
            else:
                self._beyond += 1

    def column(self) -> ColumnProfile:
        """The figures."""
        cells = Cells(_SHOWN_CHARACTERS)
        return ColumnProfile(
            name=self._name,
            types=dict(self._types),
            nulls=self._types["NULL"],
            distinct_est=len(self._values) + self._beyond,
            min=cells.any(self._low),
            max=cells.any(self._high),
            mean=self._sum / self._numbers if self._numbers else None,
            top=[[cells.any(value), count] for value, count in self._values.most_common(_MOST_TOP)],
            max_len=self._longest,
        )


def _order(value: Any) -> tuple[int, Any]:
    """SQLite's order: numbers, then texts, then bytes."""
    if isinstance(value, _NUMBERS):
        return 0, value
    return (1, value) if isinstance(value, str) else (2, value)
