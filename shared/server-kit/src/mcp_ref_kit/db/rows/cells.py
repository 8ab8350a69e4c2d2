"""Values of an engine as what JSON can hold, and arguments as what an engine binds. Pure; one `Cells` a page."""

import base64
import binascii
import datetime as dt
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

import msgspec

from mcp_protocol.encoding import encode
from mcp_ref_kit.budget import cut
from mcp_ref_kit.db.calls.errors import bad_argument

Encoder = Callable[[Any], Any]

# Larger ones lose digits in readers that have doubles only.
SAFE_INTEGER = 2**53 - 1
_LOWEST = -SAFE_INTEGER
BASE64 = "$base64"
# Base64 makes four characters of three bytes.
_BYTES, _CHARACTERS = 3, 4
_DEEPEST = 64
_BINARY = (bytes, bytearray, memoryview)


class Cells:
    """Encodes the cells of one page, none longer than `most` characters, and counts those that were cut.

    Nothing here is shared: a page may be encoded on whatever thread fetched it.
    """

    def __init__(self, most: int = 4096) -> None:
        self.most = most
        self.cut = 0
        self._by_type: dict[type, Encoder] = {
            type(None): _itself,
            bool: _itself,
            int: _integer,
            float: _number,
            str: self.text,
            bytes: self.binary,
            bytearray: self.binary,
            memoryview: self._viewed,
            Decimal: _decimal,
            dt.datetime: _iso,
            dt.date: _iso,
            dt.time: _iso,
            list: self.document,
            tuple: self.document,
            dict: self.document,
        }

    def row(self, values: Iterable[Any], encoders: Sequence[Encoder] | None = None) -> list[Any]:
        """The cells of one row; `encoders` are one a column where the column says more than the value."""
        if encoders is not None:
            return [encoder(value) for encoder, value in zip(encoders, values, strict=True)]
        by_type, other, most, text = self._by_type, self.other, self.most, self.text
        cells: list[Any] = []
        for value in values:
            kind = value.__class__
            # The usual kinds are told here: a call for each cell would take most of the time of a page.
            if kind is str:
                cells.append(value if len(value) <= most else text(value))
            elif kind is int:
                cells.append(value if _LOWEST <= value <= SAFE_INTEGER else str(value))
            else:
                cells.append(by_type.get(kind, other)(value))
        return cells

    def any(self, value: Any) -> Any:
        """A value by its own type."""
        return self._by_type.get(value.__class__, self.other)(value)

    def text(self, value: str, total: int | None = None, unit: str = "characters") -> str:
        """Text, its first part where it is too long; `total` where the engine has cut it already."""
        if len(value) <= self.most and (total is None or total <= len(value)):
            return value
        self.cut += 1
        kept = cut(value, self.most)
        return f"{kept}… [{len(kept)} of {total or len(value)} {unit}]"

    def binary(self, value: bytes | bytearray, size: int | None = None) -> dict[str, Any]:
        """Bytes, their first part where there are too many; `size` where the engine has cut them already."""
        whole = len(value) if size is None else size
        kept = bytes(value[: max(self.most * _BYTES // _CHARACTERS, 1)])
        cell: dict[str, Any] = {"base64": base64.b64encode(kept).decode(), "size": whole}
        if len(kept) < whole:
            self.cut += 1
            cell["cut"] = True
        return cell

    def json(self, value: str | bytes | None) -> Any:
        """The text of a JSON document as the document."""
        if value is None:
            return None
        text = value if isinstance(value, str) else value.decode("utf-8", "replace")
        if len(text) > self.most:
            return self.text(text)
        try:
            document = msgspec.json.decode(text)
        except (ValueError, RecursionError):  # no JSON after all, or deeper than this interpreter can follow
            return self.text(text)
        may_be_deep = text.count("[") + text.count("{") > _DEEPEST
        return self.text(text) if may_be_deep and _is_deeper(document, _DEEPEST) else document

    def document(self, value: Any) -> Any:
        """Arrays and documents: themselves with each member as a cell, or their text where it is too long."""
        plain = _plain(value, _DEEPEST)
        encoded = encode(plain)
        return self.text(encoded.decode()) if len(encoded) > self.most else plain

    def other(self, value: Any) -> Any:
        """A value of a type that is not known: a subclass of one that is, else its text."""
        for kind, encoder in self._by_type.items():
            if isinstance(value, kind):
                return encoder(value)
        return self.text(str(value))

    def _viewed(self, value: Any) -> dict[str, Any]:
        return self.binary(bytes(value))


def bound(name: str, value: Any) -> Any:
    """An argument as an engine binds it: `{"$base64": "..."}` is bytes wherever it stands.

    Raises:
        DbError: `invalid_argument`; it is no base64, or text with half of a surrogate pair.
    """
    if isinstance(value, str):
        _require_characters(name, value)
        return value
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return [bound(f"{name}[{at}]", item) for at, item in enumerate(items)]
    if isinstance(value, Mapping):
        members = cast("Mapping[str, Any]", value)
        if len(members) == 1 and BASE64 in members:
            return _unpacked(name, members[BASE64])
        return {key: bound(f"{name}.{key}", member) for key, member in members.items()}
    return value


def _itself(value: Any) -> Any:
    return value


def _integer(value: int) -> int | str:
    return value if _LOWEST <= value <= SAFE_INTEGER else str(value)


def _number(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _decimal(value: Decimal) -> str:
    if value.is_finite():
        return format(value, "f")
    return "NaN" if value.is_nan() else "Infinity" if value > 0 else "-Infinity"


def _iso(value: dt.date | dt.time) -> str:
    return value.isoformat()


_MEMBERS: Mapping[type, Encoder] = {
    type(None): _itself,
    bool: _itself,
    str: _itself,
    int: _integer,
    float: _number,
    Decimal: _decimal,
    dt.datetime: _iso,
    dt.date: _iso,
    dt.time: _iso,
}


def _is_deeper(document: Any, deepest: int) -> bool:
    """Whether there are more levels of arrays and objects in it; who reads the result follows so many."""
    level = [document]
    for _ in range(deepest):
        level = [inner for value in level for inner in _members(value) if isinstance(inner, dict | list)]
        if not level:
            return False
    return True


def _members(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return cast("dict[str, Any]", value).values()
    return cast("list[Any]", value) if isinstance(value, list) else ()


def _plain(value: Any, deepest: int) -> Any:
    """A value inside of an array or document."""
    kind: Any = value.__class__
    if kind in _MEMBERS:
        return _MEMBERS[kind](value)
    if kind in _BINARY:
        return {"base64": base64.b64encode(value).decode(), "size": len(value)}
    if deepest == 0 or not isinstance(value, list | tuple | dict):
        return str(value)
    if isinstance(value, dict):
        members = cast("dict[Any, Any]", value)
        return {str(key): _plain(member, deepest - 1) for key, member in members.items()}
    return [_plain(item, deepest - 1) for item in cast("Sequence[Any]", value)]


def _require_characters(name: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise bad_argument(name, "holds half of a surrogate pair, which is no character") from error


def _unpacked(name: str, text: Any) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError, TypeError) as error:
        raise bad_argument(name, f"holds `{BASE64}` that is no base64") from error
