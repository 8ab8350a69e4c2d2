"""A caller's JSON values as the parameters that the engine typed: `5` and `"5"` both become an int4."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from msgspec import json

from mcp_ref_kit.db.cells import bound
from mcp_ref_kit.db.errors import DbError, bad_argument
from mcp_ref_postgres.engine.codecs import DOCUMENTS, TEXTS
from mcp_ref_postgres.engine.driver import TypeName

MOST = 32_766
_DIGITS = 20
_TRUE = frozenset({"t", "true", "y", "yes", "on", "1"})
_FALSE = frozenset({"f", "false", "n", "no", "off", "0"})
_INTEGERS = {"int2": 15, "int4": 31, "int8": 63, "oid": 32, "xid": 32, "cid": 32}
_SUBTYPES = {
    "int4range": "int4",
    "int8range": "int8",
    "numrange": "numeric",
    "tsrange": "timestamp",
    "tstzrange": "timestamptz",
    "daterange": "date",
}


class _Unfit(Exception):
    """The value cannot be of that type."""


def converted(given: Sequence[Any], types: Sequence[TypeName], name: str = "params") -> list[Any]:
    """The values to bind.

    Raises:
        DbError: `invalid_argument`, saying which types are expected.
    """
    if len(given) > MOST:
        raise bad_argument(name, f"must hold at most {MOST} values")
    if len(given) != len(types):
        expected = ", ".join(f"${at} {kind.name}" for at, kind in enumerate(types, 1)) or "none"
        raise bad_argument(
            name, f"must hold {len(types)} values, got {len(given)}", f"The statement takes: {expected}."
        )
    return [_one(f"{name}[{at}]", value, kind) for at, (value, kind) in enumerate(zip(given, types, strict=True))]


def _one(name: str, value: Any, kind: TypeName) -> Any:
    value = bound(name, value)
    if isinstance(value, str) and "\0" in value:
        raise bad_argument(name, "holds a NUL character, which the engine's text cannot")
    try:
        return _value(value, kind.name, kind.kind)
    except _Unfit as error:
        raise bad_argument(name, f"must fit the type {kind.name}, got {_shown(value)}") from error


def _value(value: Any, name: str, kind: str = "scalar") -> Any:
    if value is None:
        return None
    if name.endswith("[]"):
        return _array(value, name.removesuffix("[]"))
    if kind in {"composite", "record"} and isinstance(value, list | dict):
        return tuple(value) if isinstance(value, list) else value
    if name in _SUBTYPES and isinstance(value, str):
        return _range(value, _SUBTYPES[name])
    if name in _INTEGERS:
        return _integer(value, _INTEGERS[name])
    return _SCALARS.get(name, _text)(value)


def _array(value: Any, member: str) -> list[Any]:
    if not isinstance(value, list):
        raise _Unfit
    return [
        _array(item, member) if isinstance(item, list) and member not in DOCUMENTS else _value(item, member)
        for item in cast("list[Any]", value)
    ]


def _integer(value: Any, bits: int) -> int:
    if isinstance(value, str):
        digits = value.strip().removeprefix("-").removeprefix("+")
        if not (digits.isascii() and digits.isdecimal() and len(digits) < _DIGITS):
            raise _Unfit
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not -(1 << bits) <= value < 1 << bits:
        raise _Unfit
    return value


def _float(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _Unfit
    try:
        return float(value)
    except (ValueError, OverflowError) as error:
        raise _Unfit from error


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word not in _TRUE | _FALSE:
        raise _Unfit
    return word in _TRUE


def _bytes(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise _Unfit
    if not value.startswith("\\x"):
        return value.encode()
    try:
        return bytes.fromhex(value[2:])
    except ValueError as error:
        raise _Unfit from error


def _document(value: Any) -> str:
    """A text is JSON already, as it is for the engine; any other value is written as JSON."""
    if isinstance(value, bytes):
        raise _Unfit
    if isinstance(value, str):
        return value
    return json.encode(value).decode()


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float):
        raise _Unfit
    return str(value)


def _range(text: str, member: str) -> Any:
    """A range from its text: bounds in brackets or parentheses, quoted where they have to be."""
    from asyncpg import Range  # noqa: PLC0415  a statement was prepared, so it has been imported

    text = text.strip()
    if text.lower() == "empty":
        return Range(empty=True)
    if len(text) < len("[,]") or text[0] not in "[(" or text[-1] not in ")]":
        raise _Unfit
    lower, comma, upper = text[1:-1].partition(",")
    if not comma:
        raise _Unfit
    ends = [None if not part.strip() else _value(part.strip().strip('"'), member) for part in (lower, upper)]
    return Range(ends[0], ends[1], lower_inc=text[0] == "[", upper_inc=text[-1] == "]")


_SCALARS: Mapping[str, Callable[[Any], Any]] = {
    "bool": _boolean,
    "float4": _float,
    "float8": _float,
    "bytea": _bytes,
    **dict.fromkeys(DOCUMENTS, _document),
    **dict.fromkeys(TEXTS, _text),
}


def _shown(value: Any) -> str:
    text = json.encode(value).decode() if not isinstance(value, bytes) else f"{len(value)} bytes"
    return text if len(text) <= 80 else f"{text[:80]}…"  # noqa: PLR2004  enough to know it again


def mismatch(error: Exception) -> DbError | None:
    """What the driver says of a value that it cannot bind, without its own words."""
    if type(error).__name__ != "DataError" or getattr(error, "sqlstate", None) is not None:
        return None
    return DbError("A value of `params` does not fit the type of its parameter.", code="invalid_argument")
