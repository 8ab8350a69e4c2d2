"""`:name` in a canned query: checked against its parameters when it is loaded, and numbered for engines that count."""

from collections.abc import Collection, Sequence

from msgspec import Struct

from mcp_protocol.errors import SettingsError
from mcp_ref_kit.db.program.canned import Canned
from mcp_ref_kit.db.sql.lexer import POSTGRES, Dialect, Token, significant
from mcp_ref_kit.db.sql.statements import split

# After these only a name can stand, and a value is none. The engine refuses it, too; this says it in plain words.
_BEFORE_NAMES = ("join", "into", "update", "table", "view", "index", "schema", "database")


class Place(Struct, frozen=True):
    """One `:name` of a text."""

    name: str
    start: int
    end: int
    is_name: bool
    """It stands where only the name of a thing can."""


def check_placeholders(query: Canned, dialect: Dialect) -> None:
    """Refuse a statement that does not fit its parameters, before anybody calls it.

    Raises:
        SettingsError: in one sentence.
    """
    sql = query.sql or ""
    found = significant(sql, dialect)
    if len(split(found)) != 1:
        raise SettingsError(f"The query `{query.name}` must have one statement.")
    declared = [parameter.name for parameter in query.params]
    used = places(found, declared if dialect is POSTGRES else None)
    for place in used:
        if place.name not in declared:
            raise SettingsError(f"The query `{query.name}` uses `:{place.name}`, which is none of its `params`.")
        if place.is_name:
            raise SettingsError(
                f"The query `{query.name}` has `:{place.name}` where a name stands; only values can be parameters."
            )
    for name in declared:
        if name not in {place.name for place in used}:
            raise SettingsError(
                f"The query `{query.name}` does not use its parameter `{name}`: write `:{name}`, outside of quotes."
            )


def numbered(sql: str, names: Sequence[str]) -> str:
    """The statement with `$1`, `$2` in the order of `names`, in place of `:name`."""
    found = places(significant(sql, POSTGRES), names)
    for place in reversed(found):
        sql = f"{sql[: place.start]}${names.index(place.name) + 1}{sql[place.end :]}"
    return sql


def places(tokens: Sequence[Token], names: Collection[str] | None) -> list[Place]:
    """Each `:name`; with `names` only those, since `a[low:high]` and `::type` look alike where it is no token."""
    if names is None:
        return [
            Place(token.value[1:], token.start, token.end, _names(tokens, at))
            for at, token in enumerate(tokens)
            if token.kind == "parameter" and token.value[:1] in (":", "@", "$") and len(token.value) > 1
        ]
    found: list[Place] = []
    for at in range(1, len(tokens)):
        colon, name = tokens[at - 1], tokens[at]
        before = tokens[at - 2] if at > 1 else None
        doubled = before is not None and before.is_sign(":") and before.end == colon.start
        if (
            colon.is_sign(":")
            and colon.end == name.start
            and name.kind == "word"
            and not doubled
            and name.value in names
        ):
            found.append(Place(name.value, colon.start, name.end, _names(tokens, at - 1)))
    return found


def _names(tokens: Sequence[Token], at: int) -> bool:
    if at == 0:
        return False
    before = tokens[at - 1]
    if before.is_word("from"):  # inside of parentheses it may be `substring(a from 2)`
        return before.depth == 0 and not (at > 1 and tokens[at - 2].is_word("distinct"))
    return before.is_word(*_BEFORE_NAMES)
