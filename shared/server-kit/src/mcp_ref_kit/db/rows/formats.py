r"""Rows as bytes: JSON, CSV, Markdown and JSON lines, each one row at a time, for pages and for files. Pure.

No control character but tab and newline gets through: JSON escapes them, the other formats show `\xNN`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from mcp_protocol.encoding import encode, without_controls
from mcp_ref_kit.db.rows.envelope import Column, Format

_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n"}
_MARKDOWN = {**_CONTROLS, ord("\\"): "\\\\", ord("|"): "\\|", ord("\n"): "\\n", ord("`"): "\\`"}
_encode = msgspec.json.Encoder().encode

MIME_TYPES: Mapping[Format, str] = {
    "json": "application/json",
    "csv": "text/csv",
    "markdown": "text/markdown",
    "jsonl": "application/x-ndjson",
}


class RowWriter(Protocol):
    """Writes rows of cells, as `Cells` makes them. `between` stands between two rows."""

    head: bytes
    between: bytes
    tail: bytes

    def row(self, cells: Sequence[Any]) -> bytes:
        """One row."""
        ...


def writer(form: Format, columns: Sequence[Column]) -> RowWriter:
    """What writes rows of these columns in this form."""
    return _WRITERS[form]([column.name for column in columns])


def file_writer(form: Format, columns: Sequence[Column]) -> RowWriter:
    """The same for a file of its own, where JSON says the names of the columns, too: an array of objects."""
    return (_FILES.get(form) or _WRITERS[form])([column.name for column in columns])


def unique(names: Sequence[str]) -> list[str]:
    """The names, doubled ones with a suffix: `a`, `a_2`."""
    taken = set(names)
    seen: set[str] = set()
    found: list[str] = []
    for name in names:
        number, own = 2, name
        while own in seen or (own != name and own in taken):
            own, number = f"{name}_{number}", number + 1
        seen.add(own)
        found.append(own)
    return found


def visible(text: str) -> str:
    r"""The text with every control character but tab and newline as `\xNN`."""
    return text if text.isprintable() else text.translate(_CONTROLS)


def as_json(value: Any) -> bytes:
    """Compact JSON without any raw control character; halves of pairs are repaired."""
    try:
        data = _encode(value)
    except UnicodeEncodeError:
        data = encode(value)
    return without_controls(data)


class _Json:
    """An array of arrays."""

    head, between, tail = b"[", b",", b"]"

    def __init__(self, names: Sequence[str]) -> None:
        del names

    def row(self, cells: Sequence[Any]) -> bytes:
        return as_json(cells)


class _JsonLines:
    """An object a line."""

    head, between, tail = b"", b"", b""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = unique(names)

    def row(self, cells: Sequence[Any]) -> bytes:
        return as_json(dict(zip(self._names, cells, strict=True))) + b"\n"


class _JsonObjects:
    """An array of objects, one a line."""

    head, between, tail = b"[\n", b",\n", b"\n]\n"

    def __init__(self, names: Sequence[str]) -> None:
        self._names = unique(names)

    def row(self, cells: Sequence[Any]) -> bytes:
        return as_json(dict(zip(self._names, cells, strict=True)))


class _Csv:
    """RFC 4180, but that lines end in a newline: no other control character gets into a text block.

    Null is nothing, an empty text is `""`.
    """

    between, tail, end = b"", b"", "\n"

    def __init__(self, names: Sequence[str]) -> None:
        self.head = self.row(names)

    def row(self, cells: Sequence[Any]) -> bytes:
        return _utf8(",".join([_csv_field(cell) for cell in cells]) + self.end)


class _CsvFile(_Csv):
    """The same with the line ends of RFC 4180."""

    end = "\r\n"


class _Markdown:
    """A table."""

    between, tail = b"", b""

    def __init__(self, names: Sequence[str]) -> None:
        self.head = self.row(names) + b"|" + b" --- |" * len(names) + b"\n"

    def row(self, cells: Sequence[Any]) -> bytes:
        return _utf8(f"| {' | '.join([_plain(cell).translate(_MARKDOWN) for cell in cells])} |\n")


_WRITERS: Mapping[Format, Callable[[Sequence[str]], RowWriter]] = {
    "json": _Json,
    "csv": _Csv,
    "markdown": _Markdown,
    "jsonl": _JsonLines,
}

_FILES: Mapping[Format, Callable[[Sequence[str]], RowWriter]] = {"json": _JsonObjects, "csv": _CsvFile}


def _csv_field(cell: Any) -> str:
    kind = cell.__class__
    if kind is int:
        return str(cell)
    if kind is not str:
        text = visible(_plain(cell))
        return _doubled(text) if '"' in text or "," in text else text
    text = visible(cell)
    if not text or '"' in text or "," in text or "\n" in text or text != text.strip():
        return _doubled(text)
    return text


def _doubled(text: str) -> str:
    return f'"{text.replace(chr(34), chr(34) * 2)}"'


def _plain(cell: Any) -> str:
    if isinstance(cell, str):
        return cell
    return "" if cell is None else as_json(cell).decode()


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:  # halves of pairs: those that belong together are joined, a lone one is U+FFFD
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()
