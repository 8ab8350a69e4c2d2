"""What of a statement destroys, and what it is about: for the question that comes before it. Pure.

Read from tokens, so an aid: what it does not see is still held by the role, the mode and the engine.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise

from msgspec import Struct

from mcp_ref_kit.db.sql.lexer import Token
from mcp_ref_postgres.gate.statements import Statement

_NOISE = frozenset({"if", "exists", "only", "table", "concurrently", "from", "materialized", "view", "foreign", "into"})
# Before these words stands a clause of something else: FOR UPDATE, ON DELETE, DO UPDATE, THEN DELETE.
_NOT_AFTER = frozenset({"for", "on", "do", "then", "or", "of", "before", "after", "key", "instead", "grant", "revoke"})
_NOT_A_COLUMN = frozenset({"constraint", "default", "not", "identity", "expression"})


class Danger(Struct, frozen=True):
    """What would be lost. `counts` says that it is rows of that table."""

    action: str
    target: str
    counts: bool = False


def danger(statement: Statement) -> Danger | None:
    """The first thing in a statement that destroys more than it names row by row."""
    tokens = statement.tokens
    first = statement.words[0]
    if first == "DROP":
        about = next((word for word in statement.words[1:] if word not in {"MATERIALIZED", "FOREIGN"}), "")
        return Danger(f"Drop the {about.lower()}", _targets(tokens[2:]))
    if first == "ALTER":
        return _dropped_column(tokens) or _rewritten_column(tokens)
    if first == "VACUUM" and any(token.is_word("full") for token in tokens[:8]):
        names = [token for token in tokens[1:] if token.kind in {"word", "name"} and not token.is_word(*_VACUUM)]
        return Danger("Rewrite and lock", names[-1].value if names else "all tables")
    return next(_unbounded(tokens), None)


_VACUUM = ("full", "analyze", "verbose", "freeze", "true", "on")


def _dropped_column(tokens: Sequence[Token]) -> Danger | None:
    for at, token in enumerate(tokens[:-1]):
        if at > 1 and token.depth == 0 and token.is_word("drop") and not tokens[at + 1].is_word(*_NOT_A_COLUMN):
            column = next((one for one in tokens[at + 1 :] if not one.is_word("column", "if", "exists")), None)
            if column is not None and tokens[1].is_word("table", "foreign", "type", "view"):
                return Danger(f"Drop the column {column.value[:63]} of", _target(tokens[2:]))
    return None


def _rewritten_column(tokens: Sequence[Token]) -> Danger | None:
    """A column whose values are made anew: `ALTER .. TYPE .. USING`."""
    words = [token for token in tokens if token.depth == 0]
    kinds = [at for at, token in enumerate(words) if at > 1 and token.is_word("type")]
    rewrites = bool(kinds) and any(token.is_word("using") for token in words[kinds[0] :])
    return Danger("Change the values of a column of", _target(tokens[2:])) if rewrites else None


def _unbounded(tokens: Sequence[Token]) -> Iterator[Danger]:
    """TRUNCATE, DELETE or UPDATE without a WHERE of their own, and MERGE that deletes, also inside WITH."""
    for at, token in enumerate(tokens):
        judged = _UNBOUNDED.get(token.value) if token.kind == "word" else None
        if judged is not None and _begins(tokens, at) and judged[1](tokens[at:], token.depth):
            named = _targets if token.value == "truncate" else _target
            yield Danger(judged[0], named(tokens[at + 1 :]), counts=True)


def _begins(tokens: Sequence[Token], at: int) -> bool:
    """Whether a statement begins here, not a clause or a name."""
    before = tokens[at - 1] if at else None
    if before is None or before.is_sign("(") or before.is_sign(")"):
        return True
    return before.kind == "word" and before.is_word("explain", "analyze") and not before.is_word(*_NOT_AFTER)


def _has_where(tokens: Sequence[Token], depth: int) -> bool:
    for token in tokens:
        if token.depth < depth:
            return False
        if token.depth == depth and token.is_word("where"):
            return True
    return False


def _has_no_where(tokens: Sequence[Token], depth: int) -> bool:
    return not _has_where(tokens, depth)


def _deletes(tokens: Sequence[Token], depth: int) -> bool:
    """Whether a MERGE has a THEN DELETE; what it matches is for the user to judge."""
    pairs = pairwise(token for token in tokens if token.depth >= depth)
    return any(before.is_word("then") and after.is_word("delete") for before, after in pairs)


def _always(tokens: Sequence[Token], depth: int) -> bool:
    del tokens, depth
    return True


_UNBOUNDED: Mapping[str, tuple[str, Callable[[Sequence[Token], int], bool]]] = {
    "truncate": ("Empty", _always),
    "delete": ("Delete all rows of", _has_no_where),
    "update": ("Change all rows of", _has_no_where),
    "merge": ("Delete matched rows of", _deletes),
}


def _targets(tokens: Sequence[Token]) -> str:
    """All names of a list: who confirms one table does not confirm another behind a comma."""
    depth = tokens[0].depth if tokens else 0
    found: list[list[Token]] = [[]]
    for token in tokens:
        if token.depth < depth:
            break
        if token.is_sign(",") and token.depth == depth:
            found.append([])
        else:
            found[-1].append(token)
    return ", ".join(map(_target, found))


def _target(tokens: Sequence[Token]) -> str:
    """The name that follows, `schema.name` where it was written so."""
    parts: list[str] = []
    for token in tokens:
        if not parts and token.is_word(*_NOISE):
            continue
        if token.is_sign(".") and parts:
            parts.append(".")
        elif token.kind in {"word", "name"} and (not parts or parts[-1] == "."):
            parts.append(token.value)
        else:
            break
    return "".join(parts) or "it"
