"""A caller's statement and its parameters, before SQLite sees them. Pure; it takes time, so it runs on a thread."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from mcp_ref_kit.db.calls.arguments import MOST_PARAMETERS, MOST_STATEMENT
from mcp_ref_kit.db.calls.errors import DbError
from mcp_ref_kit.db.rows.cells import bound
from mcp_ref_kit.db.sql.lexer import SQLITE, Token, significant

Parameters = Sequence[Any] | Mapping[str, Any]

_SIGNS = ":@$#"
_ANONYMOUS = "?"
# printf('%.*c', 2000000000, 'x') keeps an engine busy for half a minute in one step, where no deadline is looked at.
_WIDEST = 1_000_000
_FORMATTING = ("printf", "format")


class Statement(Struct, frozen=True):
    """One statement as the caller gave it; `values` are its parameters as SQLite binds them."""

    sql: str
    values: Parameters


def statement(sql: str, params: list[Any] | dict[str, Any] | None) -> Statement:
    """What a call asks for, within bounds.

    Raises:
        DbError: `too_large`, `invalid_argument`.
    """
    if len(sql) > MOST_STATEMENT or len(sql.encode()) > MOST_STATEMENT:
        raise DbError(f"A statement has at most {MOST_STATEMENT} bytes.", code="too_large")
    given = params or []
    if len(given) > MOST_PARAMETERS:
        raise DbError(f"A statement has at most {MOST_PARAMETERS} parameters.", code="invalid_argument")
    values: Parameters = bound("params", given)
    lowered = sql.lower()
    if any(word in lowered for word in _FORMATTING):
        _require_narrow(significant(sql, SQLITE))
    return Statement(sql, _named(sql, values) if isinstance(values, Mapping) else values)


def expected(sql: str) -> list[str]:
    """The parameters that a statement has, named ones once, as they are written."""
    found: list[str] = []
    for token in significant(sql, SQLITE):
        if token.kind == "parameter" and (token.value == _ANONYMOUS or token.value not in found):
            found.append(token.value)
    return found


def unbound(sql: str) -> Parameters:
    """NULL for each parameter, to plan a statement that is not run."""
    names = expected(sql)
    if any(name[0] in _SIGNS for name in names):
        return {name.lstrip(_SIGNS): None for name in names}
    numbers = [int(name[1:]) for name in names if name != _ANONYMOUS]
    return [None] * max(len(names), *numbers, 0)


def mismatch(sql: str, given: int) -> DbError:
    """There are too few or too many values."""
    names = expected(sql)
    wanted = f"It has {len(names)}: {', '.join(names[:20])}." if names else "It has none."
    return DbError(
        f"`params` has {given} values, which is not what the statement needs.", code="invalid_argument", hint=wanted
    )


def _named(sql: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Values by names without their sign, each of them one that the statement has."""
    found = {name.lstrip(_SIGNS): value for name, value in values.items()}
    names = expected(sql)
    plain = {name.lstrip(_SIGNS) for name in names}
    wrong = sorted(found.keys() - plain)
    missing = sorted(plain - found.keys())
    if not wrong and not missing:
        return found
    fault = f"`params` names `{wrong[0]}`, which" if wrong else f"`params` lacks `{missing[0]}`, which"
    how = "the statement does not have." if wrong else "the statement needs."
    listed = f"It has {', '.join(names[:20])}." if names else "It has no parameters."
    raise DbError(f"{fault} {how}", code="invalid_argument", hint=listed)


def _require_narrow(tokens: Sequence[Token]) -> None:
    """Refuse formats whose width would keep SQLite busy for long."""
    for at, token in enumerate(tokens):
        is_call = token.kind in {"word", "name"} and token.value.lower() in _FORMATTING
        if is_call and at + 2 < len(tokens) and tokens[at + 1].is_sign("(") and tokens[at + 2].kind == "string":
            _require_narrow_format(tokens[at + 2])


def _require_narrow_format(token: Token) -> None:
    for part in token.value.split("%")[1:]:
        width = part.lstrip("-+ 0#,!")
        digits = "".join(each if each.isdecimal() else " " for each in width[:40]).split()
        if width.startswith(("*", ".*")) or any(int(number) > _WIDEST for number in digits[:2]):
            raise DbError(
                f"A width of printf must be a number up to {_WIDEST}.", code="too_large", position=token.start + 1
            )
