"""Rows that are to be imported: from an argument, or from a file of lines. Pure but for reading the file."""

import csv
import io
import os
from collections.abc import Generator, Iterable
from typing import Any, cast

from msgspec import Struct
from msgspec.json import decode, encode

from mcp_ref_kit.db.calls.errors import DbError
from mcp_ref_kit.db.rows.cells import BASE64, bound

Record = dict[str, Any]

_LONGEST_LINE = 16 * 1024 * 1024
# Types are taken from so many rows.
SAMPLE = 1000


class Fault(Struct, frozen=True):
    """A row that cannot be imported; rows are counted from 0."""

    row: int
    message: str


def given(rows: Iterable[Record]) -> Generator[Record | Fault]:
    """The rows of an argument."""
    for at, row in enumerate(rows):
        yield _bindable(at, row)


def lines(handle: int, name: str) -> Generator[Record | Fault]:
    """The rows of a file, by its ending: csv with a line of names, or one JSON object a line.

    Raises:
        DbError: it has another ending, or is no UTF-8.
    """
    kind = name.rpartition(".")[2].lower()
    if kind not in {"csv", "jsonl"}:
        raise DbError("`file` must end in .csv or .jsonl.", code="invalid_argument")
    with io.TextIOWrapper(os.fdopen(os.dup(handle), "rb"), encoding="utf-8-sig", newline="") as file:
        try:
            yield from _csv(file) if kind == "csv" else _jsonl(file)
        except UnicodeDecodeError as error:
            raise DbError("The file is not UTF-8 text.", code="invalid_argument") from error


def _csv(file: io.TextIOWrapper) -> Generator[Record | Fault]:
    previous = csv.field_size_limit(_LONGEST_LINE)
    try:
        reader = csv.reader(file, strict=True)
        names = next(reader, list[str]())
        for at, values in enumerate(reader):
            if len(values) != len(names):
                yield Fault(at, f"it has {len(values)} values, not {len(names)}")
            else:
                yield {name: _read(value) for name, value in zip(names, values, strict=True)}
    except csv.Error as error:
        raise DbError(f"The file is no CSV: {error}.", code="invalid_argument") from error
    finally:
        csv.field_size_limit(previous)


def _jsonl(file: io.TextIOWrapper) -> Generator[Record | Fault]:
    at = 0
    while line := file.readline(_LONGEST_LINE):
        if line.strip():
            yield _parsed(at, line)
            at += 1


def _parsed(at: int, line: str) -> Record | Fault:
    try:
        found = decode(line)
    except ValueError:
        return Fault(at, "it is no JSON")
    return _bindable(at, cast("Record", found)) if isinstance(found, dict) else Fault(at, "it is no object")


def _bindable(at: int, row: Record) -> Record | Fault:
    try:
        return {name: _value(f"rows[{at}].{name}", value) for name, value in row.items()}
    except DbError as error:
        return Fault(at, error.message)


def _value(name: str, value: Any) -> Any:
    """As SQLite binds it: documents are their text."""
    if isinstance(value, dict) and set(cast("Record", value)) != {BASE64}:
        return encode(value).decode()
    return encode(value).decode() if isinstance(value, list) else bound(name, value)


def _read(text: str) -> Any:
    """A field of CSV: nothing is NULL, and a number looks like one."""
    if not text:
        return None
    if not text.isascii() or text[0] in "+_ " or "_" in text:
        return text
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        # 007 and 1e5 are texts to keep as they are; so is what another spelling would give back.
        return number if str(number) == text else text
    return text


def column_types(records: Iterable[Record]) -> dict[str, str]:
    """A type for each column, by the values that there are."""
    kinds: dict[str, set[str]] = {}
    for record in records:
        for name, value in record.items():
            kinds.setdefault(name, set()).update(_kind(value))
    return {name: _common(found) for name, found in kinds.items()}


def _kind(value: Any) -> set[str]:
    if value is None:
        return set()
    names = {bool: "INTEGER", int: "INTEGER", float: "REAL", bytes: "BLOB"}
    return {names.get(value.__class__, "TEXT")}


def _common(found: set[str]) -> str:
    if len(found) == 1:
        return next(iter(found))
    return "REAL" if found == {"INTEGER", "REAL"} else "TEXT"
