"""Columns of a caller's statement, each asked for so that the engine cuts what is too long, and how to read them. Pure.

The driver buffers whole rows, so a cell of a gigabyte would be here before anybody could cut it.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, cast

import msgspec
from msgspec import Raw, Struct

from mcp_ref_kit.db.rows.cells import Cells, Encoder
from mcp_ref_kit.db.rows.envelope import Column
from mcp_ref_postgres.engine.driver import Attribute, Record, TypeName
from mcp_ref_postgres.reading.kinds import DOCUMENTS, NUMBERS, SHORT, bare, is_direct
from mcp_ref_postgres.reading.rows import listed

# As many columns the engine takes, a caller's own among them.
_MOST_SELECTED = 1664

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


def shape_of(attributes: Sequence[Attribute], most: int, composites: Collection[int] = ()) -> Shape:
    """How to ask for these columns, no text longer than `most` and one character.

    `composites` are the types of arrays whose members are rows.
    """
    forms = [_form(attribute.type, is_of_rows=attribute.type.oid in composites) for attribute in attributes]
    if sum(len(form.expressions) for form in forms) > _MOST_SELECTED:
        forms = [_narrow(form) for form in forms]
    selected: list[str] = []
    takes: list[tuple[Take, int]] = []
    for number, form in enumerate(forms):
        takes.append((form.take, len(selected)))
        selected += [part.format(c=f"q.c{number}", n=most, b=most * 3 // 4 + 1) for part in form.expressions]
    columns = tuple(Column(attribute.name, attribute.type.name) for attribute in attributes)
    return Shape(columns, tuple(selected), tuple(takes))


def _form(kind: TypeName, *, is_of_rows: bool) -> _Form:
    if kind.kind == "array":
        return _array(kind, is_of_rows=is_of_rows)
    if kind.kind == "composite" or kind.name == "record":
        return _ROW
    if kind.schema != "pg_catalog":
        return _TEXT
    if kind.name in NUMBERS:
        return _ITSELF
    return _SHORT if kind.name in SHORT else _BY_NAME.get(kind.name, _TEXT)


def _array(kind: TypeName, *, is_of_rows: bool) -> _Form:
    if is_of_rows or kind.name == "record[]":
        return _ROWS
    if bare(kind) in DOCUMENTS and kind.schema == "pg_catalog":
        return _DOCUMENTS
    return _NATIVE if is_direct(kind) else _TEXTS


def _narrow(form: _Form) -> _Form:
    """The same in one expression: JSON as such, everything else that may be long as the engine's text."""
    if len(form.expressions) == 1:
        return form
    return _NARROW_JSON if form.take in (_json, _jsonb) else _NARROW


def _itself(cells: Cells, record: Record, at: int) -> Any:
    value = record[at]
    return value if type(value) is bool else cells.any(value)


def _text(cells: Cells, record: Record, at: int) -> Any:
    value = record[at]
    if value is None or (record[at + 1] is None and len(value) <= cells.most):
        return value
    return cells.text(value, record[at + 1])


def _marked(cells: Cells, record: Record, at: int) -> Any:
    """A text behind `w`, or its beginning behind `c`, its length and a blank."""
    marked: str | None = record[at]
    if marked is None:
        return None
    if marked.startswith("w"):
        return cells.text(marked[1:])
    total, _, head = marked[1:].partition(" ")
    return cells.text(head, int(total))


def _marked_json(cells: Cells, record: Record, at: int) -> Any:
    marked: str | None = record[at]
    return cells.json(marked[1:]) if marked is not None and marked.startswith("w") else _marked(cells, record, at)


def _bytes(cells: Cells, record: Record, at: int) -> Any:
    value = record[at]
    return None if value is None else cells.binary(value, record[at + 1])


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
    return cells.any(value) if head is None else cells.text(head, total)


def _documents(cells: Cells, record: Record, at: int) -> Any:
    """An array of documents, each decoded."""
    value, head, total = record[at], record[at + 1], record[at + 2]
    return cells.any(_decoded(value)) if head is None else cells.text(head, total)


def _row(cells: Cells, record: Record, at: int) -> Any:
    """A row of named columns as the list of their values."""
    value, total = record[at], record[at + 1]
    if value is None or (total is not None and total > cells.most):
        return _text(cells, record, at)
    return cells.any(listed(value))


def _decoded(value: Any) -> Any:
    if isinstance(value, list):
        return [_decoded(item) for item in cast("list[Any]", value)]
    return None if value is None else msgspec.json.decode(value)


def _as_text(text: str) -> tuple[str, str]:
    cut = f"pg_catalog.left({text}, {{n}} + 1)"
    return cut, f"CASE WHEN pg_catalog.octet_length({text}) > {{n}} THEN pg_catalog.char_length({text}) END"


_AS_MARKED = (
    "CASE WHEN pg_catalog.octet_length({c}::pg_catalog.text) > {n} THEN pg_catalog.concat('c',"
    " pg_catalog.char_length({c}::pg_catalog.text), ' ', pg_catalog.left({c}::pg_catalog.text, {n} + 1))"
    " ELSE pg_catalog.textcat('w', {c}::pg_catalog.text) END"
)
_NARROW = _Form((_AS_MARKED,), _marked)
_NARROW_JSON = _Form((_AS_MARKED,), _marked_json)
_ITSELF = _Form(("{c}",), _itself)
_SHORT = _Form(("{c}::pg_catalog.text",), _itself)
_TEXT = _Form(_as_text("{c}::pg_catalog.text"), _text)


def _unless_long(expression: str, take: Take) -> _Form:
    """A value whole where its text is short, else the beginning of its text."""
    text = "{c}::pg_catalog.text"
    long = f"pg_catalog.octet_length({text}) > {{n}}"
    parts = (f"pg_catalog.left({text}, {{n}} + 1)", f"pg_catalog.char_length({text})")
    whole = f"CASE WHEN NOT {long} THEN {expression} END"
    return _Form((whole, *(f"CASE WHEN {long} THEN {part} END" for part in parts)), take)


_NATIVE = _unless_long("{c}", _native)
_DOCUMENTS = _unless_long("{c}::pg_catalog.text[]", _documents)
# Each member in the engine's own text form.
_TEXTS = _unless_long("{c}::pg_catalog.text[]", _native)
_ROW = _ROWS = _Form(_as_text("pg_catalog.to_json({c})::pg_catalog.text"), _row)
_BY_NAME = {
    "bytea": _Form(("pg_catalog.substring({c}, 1, {b})", "pg_catalog.octet_length({c})"), _bytes),
    # The cast to text would take the blanks away.
    "bpchar": _Form(_as_text("pg_catalog.textin(pg_catalog.bpcharout({c}))"), _text),
    **dict.fromkeys(DOCUMENTS, _Form(_as_text("{c}::pg_catalog.text"), _json)),
    "jsonb": _Form(_as_text("{c}::pg_catalog.text"), _jsonb),
}
