"""Indexes that the filters, joins and orders of a plan suggest. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from mcp_ref_kit.db.sql.lexer import POSTGRES, Token, significant
from mcp_ref_kit.db.sql.statements import identifier
from mcp_ref_postgres.plans.tree import steps

MOST_COLUMNS = 4
_EQUAL = frozenset({"="})
_RANGE = frozenset({"<", ">"})
_ENGINES_OWN = ("pg_", "information_schema")
_CONDITIONS = ("Filter", "Recheck Cond", "Hash Cond", "Merge Cond", "Join Filter")


class Candidate(Struct, frozen=True):
    """An index to try, and the queries that suggested it."""

    ddl: str
    queries: Sequence[int] = ()


class _Used(Struct):
    """Columns of one relation of a plan: compared for equality, in ranges, sorted by."""

    schema: str
    relation: str
    equal: list[str]
    ranges: list[str]
    sorted: list[str]


def candidates_of(plan: Mapping[str, Any]) -> Iterator[Candidate]:
    """Single columns, and all that are compared together: equal ones first, then one range, then the order."""
    relations = _relations(plan)
    for step in steps(plan):
        for name in _CONDITIONS:
            if name in step.raw:
                _note(relations, str(step.raw[name]))
        for key in step.raw.get("Sort Key", ()):
            _note_sort(relations, str(key))
    for used in relations.values():
        for columns in _column_lists(used):
            listed = ", ".join(map(identifier, columns))
            yield Candidate(f"CREATE INDEX ON {identifier(used.schema, used.relation)} USING btree ({listed})")


def _relations(plan: Mapping[str, Any]) -> dict[str, _Used]:
    found: dict[str, _Used] = {}
    for step in steps(plan):
        raw = step.raw
        if "Relation Name" in raw and not str(raw.get("Schema", "pg_")).startswith(_ENGINES_OWN):
            alias = raw.get("Alias", raw["Relation Name"])
            found.setdefault(alias, _Used(raw["Schema"], raw["Relation Name"], [], [], []))
    return found


def _column_lists(used: _Used) -> Iterator[tuple[str, ...]]:
    seen: set[tuple[str, ...]] = set()
    together = tuple(dict.fromkeys([*used.equal, *used.ranges[:1]]))[:MOST_COLUMNS]
    ordered = tuple(dict.fromkeys([*used.equal, *used.sorted]))[:MOST_COLUMNS]
    singles = [(column,) for column in (*used.equal, *used.ranges)]
    for columns in (together, ordered, *singles):
        if columns and columns not in seen:
            seen.add(columns)
            yield columns


def _note(relations: Mapping[str, _Used], condition: str) -> None:
    """`(o.customer = 'x'::text) AND (o.total > 5)`: which columns, and compared how."""
    tokens = significant(condition, POSTGRES)
    for at in range(len(tokens)):
        found = _column_at(relations, tokens, at)
        if found is None or _is_argument(tokens, at):
            continue
        used, column, end = found
        before = tokens[at - 1] if at else None
        after = next((one for one in tokens[end:] if one.kind != "word" and not one.is_sign(")")), None)
        signs = {one.value for one in (before, after) if one is not None and one.kind == "sign"}
        if signs & _EQUAL and not signs & _RANGE:
            used.equal.append(column)
        elif signs & _RANGE or signs & _EQUAL:
            used.ranges.append(column)


def _note_sort(relations: Mapping[str, _Used], key: str) -> None:
    tokens = significant(key, POSTGRES)
    found = _column_at(relations, tokens, 0) if tokens else None
    if found is not None and all(one.is_word("desc", "asc", "nulls", "first", "last") for one in tokens[found[2] :]):
        found[0].sorted.append(found[1])


def _column_at(relations: Mapping[str, _Used], tokens: Sequence[Token], at: int) -> tuple[_Used, str, int] | None:
    """`alias.column` at this place, its relation, and the place after it."""
    named = {"word", "name"}
    if tokens[at].kind not in named or (at and tokens[at - 1].is_sign(".")):
        return None
    if at + 2 < len(tokens) and tokens[at + 1].is_sign(".") and tokens[at + 2].kind in named:
        used = relations.get(tokens[at].value)
        return None if used is None or _is_call(tokens, at + 2) else (used, tokens[at + 2].value, at + 3)
    return None


def _is_argument(tokens: Sequence[Token], at: int) -> bool:
    """Whether it stands in a function, whose value an index on the column does not have."""
    if at and tokens[at - 1].is_sign(","):
        return True
    called = at > 1 and tokens[at - 1].is_sign("(") and tokens[at - 2].kind in {"word", "name"}
    return called and not tokens[at - 2].is_word("and", "or", "not", "in", "any", "all")


def _is_call(tokens: Sequence[Token], at: int) -> bool:
    return at + 1 < len(tokens) and tokens[at + 1].is_sign("(")
