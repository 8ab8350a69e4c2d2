"""Columns of a caller's statement, each asked for so that the engine cuts what is too long, and how to read them. Pure.

The driver buffers whole rows, so a cell of a gigabyte would be here before anybody could cut it.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
from msgspec import Raw, Struct

from mcp_ref_kit.db.cells import Cells, Encoder
from mcp_ref_kit.db.envelope import Column
from mcp_ref_postgres.engine.codecs import DOCUMENTS
from mcp_ref_postgres.engine.driver import Attribute, Record, TypeName
from mcp_ref_postgres.reading.native import plain

# Types of few bytes, taken as the driver gives them.
_SMALL = frozenset(
    {"bool", "int2", "int4", "int8", "oid", "float4", "float8", "date", "time", "timetz", "timestamp", "timestamptz",
     "interval", "uuid", "inet", "cidr", "macaddr", "macaddr8", "money", "pg_lsn", "point", "lseg", "box", "line",
     "circle", "xid", "cid", "xid8"}
)  # fmt: skip
_ARRAYS = frozenset({"array", "composite"})

Take = Callable[[Cells, Record, int], Any]


class _Form(Struct, frozen=True):
    """How one kind of column is asked for and read. `{c}` is the column, `{n}` the longest cell, `{b}` in bytes."""

    expressions: tuple[str, ...]
    take: Take


class Shape(Struct, frozen=True):
    """The columns of a statement: what is shown of them, what is selected, and how a row becomes cells."""

    columns: tuple[Column, ...]
    selected: tuple[str, ...]
    takes: tuple[tuple[Take, int], ...]

    def around(self, statement: str) -> str:
        """The statement that runs. The newline ends a comment at the end of the caller's text."""
        if not self.columns:
            return statement
        names = ", ".join(f"c{number}" for number in range(len(self.columns)))
        return f"SELECT {', '.join(self.selected)} FROM ({statement}\n) AS q({names})"  # noqa: S608  the caller's text passed the gate


class EngineCells(Cells):
    """Encodes rows of one shape: some columns came as two or three values."""

    def __init__(self, shape: Shape, most: int) -> None:
        super().__init__(most)
        self._takes = shape.takes

    def row(self, values: Iterable[Any], encoders: Sequence[Encoder] | None = None) -> list[Any]:
        """The cells of one row as the driver gives it."""
        del encoders
        record: Any = values
        return [take(self, record, at) for take, at in self._takes]


def shape_of(attributes: Sequence[Attribute], most: int) -> Shape:
    """How to ask for these columns, no text longer than `most` and one character."""
    selected: list[str] = []
    takes: list[tuple[Take, int]] = []
    for number, attribute in enumerate(attributes):
        form = _form(attribute.type)
        takes.append((form.take, len(selected)))
        selected += [part.format(c=f"q.c{number}", n=most, b=most * 3 // 4 + 1) for part in form.expressions]
    columns = tuple(Column(attribute.name, attribute.type.name) for attribute in attributes)
    return Shape(columns, tuple(selected), tuple(takes))


def _form(kind: TypeName) -> _Form:
    if kind.kind in _ARRAYS or kind.name == "record":
        return _NATIVE
    if kind.schema != "pg_catalog":
        return _TEXT
    if kind.name in _SMALL:
        return _ITSELF
    return _BY_NAME.get(kind.name, _TEXT)


def _itself(cells: Cells, record: Record, at: int) -> Any:
    return cells.any(record[at])


def _text(cells: Cells, record: Record, at: int) -> Any:
    value = record[at]
    return None if value is None else cells.text(value, record[at + 1])


def _bytes(cells: Cells, record: Record, at: int) -> Any:
    value = record[at]
    return None if value is None else cells.bytes(value, record[at + 1])


def _json(cells: Cells, record: Record, at: int) -> Any:
    value, total = record[at], record[at + 1]
    if value is None or (total is not None and total > cells.most):
        return _text(cells, record, at)
    return cells.json(value)


def _jsonb(cells: Cells, record: Record, at: int) -> Any:
    """The engine's own writing of it, which has each key once: no digit of a number is lost on the way."""
    value, total = record[at], record[at + 1]
    if value is None or len(value) > cells.most or (total is not None and total > cells.most):
        return _text(cells, record, at)
    try:
        msgspec.json.decode(value)
    except (ValueError, RecursionError):  # numbers or nesting beyond what readers of JSON take
        return cells.text(value)
    return Raw(value)


def _native(cells: Cells, record: Record, at: int) -> Any:
    value, head, total = record[at], record[at + 1], record[at + 2]
    return cells.any(plain(value)) if head is None else cells.text(head, total)


def _as_text(text: str) -> tuple[str, str]:
    cut = f"pg_catalog.left({text}, {{n}} + 1)"
    return cut, f"CASE WHEN pg_catalog.octet_length({text}) > {{n}} THEN pg_catalog.char_length({text}) END"


_ITSELF = _Form(("{c}",), _itself)
_TEXT = _Form(_as_text("{c}::pg_catalog.text"), _text)
_NATIVE = _Form(
    (
        "CASE WHEN pg_catalog.octet_length({c}::pg_catalog.text) <= {n} THEN {c} END",
        *(
            f"CASE WHEN pg_catalog.octet_length({{c}}::pg_catalog.text) > {{n}} THEN {part} END"
            for part in (
                "pg_catalog.left({c}::pg_catalog.text, {n} + 1)",
                "pg_catalog.char_length({c}::pg_catalog.text)",
            )
        ),
    ),
    _native,
)
_BY_NAME = {
    "bytea": _Form(("pg_catalog.substring({c}, 1, {b})", "pg_catalog.octet_length({c})"), _bytes),
    # The cast to text would take the blanks away.
    "bpchar": _Form(_as_text("pg_catalog.textin(pg_catalog.bpcharout({c}))"), _text),
    **dict.fromkeys(DOCUMENTS, _Form(_as_text("{c}::pg_catalog.text"), _json)),
    "jsonb": _Form(_as_text("{c}::pg_catalog.text"), _jsonb),
}
