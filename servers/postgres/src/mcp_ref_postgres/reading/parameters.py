"""JSON values as text that the engine reads in the types it gave the parameters: `5` and `"5"` are one. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from msgspec import json

from mcp_ref_kit.db.calls.errors import DbError, bad_argument
from mcp_ref_kit.db.rows.cells import bound
from mcp_ref_kit.db.sql.lexer import Token
from mcp_ref_postgres.engine.driver import TypeName
from mcp_ref_postgres.reading.kinds import DOCUMENTS, WHOLE, bare, path

MOST = 32_766


def converted(given: Sequence[Any], types: Sequence[TypeName], name: str = "params") -> list[str | None]:
    """The values to bind.

    Raises:
        DbError: `invalid_argument`, saying which types are expected.
    """
    if len(given) > MOST:
        raise bad_argument(name, f"must hold at most {MOST} values")
    if len(given) != len(types):
        raise bad_argument(name, f"must hold {len(types)} values, got {len(given)}", expected(types))
    pairs = enumerate(zip(given, types, strict=True))
    return [as_text(f"{name}[{at}]", value, bare(kind), is_array=_is_array(kind)) for at, (value, kind) in pairs]


def expected(types: Sequence[TypeName]) -> str:
    """What the statement takes, in words."""
    named = ", ".join(f"${at} {kind.name}" for at, kind in enumerate(types, 1))
    return f"The statement takes: {named or 'no parameters'}."


def cast_in_place(text: str, tokens: Sequence[Token], shift: int, types: Sequence[TypeName]) -> str:
    """The statement with each parameter read from text: the engine's own reading of every type loses nothing."""
    for token in reversed(tokens):
        if token.kind == "parameter":
            kind = types[int(token.value[1:]) - 1]
            start, end = token.start - shift, token.end - shift
            text = f"{text[:start]} ({token.value}::pg_catalog.text)::{path(kind)} {text[end:]}"
    return text


def as_text(name: str, value: Any, kind: str, *, is_array: bool = False) -> str | None:
    """One value in the engine's text form of a type, or of an array of it.

    Raises:
        DbError: `invalid_argument`.
    """
    value = bound(name, value)
    if value is None:
        return None
    text = (
        _array(name, cast("list[Any]", value), kind)
        if is_array and isinstance(value, list)
        else _one(name, value, kind)
    )
    if "\0" in text:
        raise bad_argument(name, "holds a NUL character, which the engine's text cannot")
    return text


def _one(name: str, value: Any, kind: str) -> str:
    if kind in DOCUMENTS and not isinstance(value, bytes):
        # A text is JSON already, as it is for the engine.
        return value if isinstance(value, str) else json.encode(value).decode()
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | Mapping):
        raise bad_argument(name, f"must be one value of the type {kind}, got {_shown(value)}")
    if isinstance(value, float) and value.is_integer() and kind in WHOLE:
        return str(int(value))
    return str(value)


def _array(name: str, values: Sequence[Any], kind: str) -> str:
    parts: list[str] = []
    for value in values:
        if value is None:
            parts.append("NULL")
        elif isinstance(value, list) and kind not in DOCUMENTS:
            parts.append(_array(name, cast("list[Any]", value), kind))
        else:
            text = _one(name, value, kind).replace("\\", "\\\\").replace('"', '\\"')
            parts.append(f'"{text}"')
    return "{" + ",".join(parts) + "}"


def _is_array(kind: TypeName) -> bool:
    return kind.name.endswith("[]")


def _shown(value: Any) -> str:
    text = json.encode(value).decode()
    return text if len(text) <= 80 else f"{text[:80]}…"  # noqa: PLR2004  enough to know it again


def misfit(error: DbError, types: Sequence[TypeName]) -> DbError:
    """An error of the engine about a value, with what the statement takes."""
    if error.code != "invalid_argument" or not types or error.hint is not None:
        return error
    return DbError(error.message, code=error.code, hint=expected(types), engine_code=error.engine_code)
