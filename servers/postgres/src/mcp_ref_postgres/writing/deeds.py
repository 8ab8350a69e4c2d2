"""What of a statement destroys, and what it is about: for the question that comes before it. Pure.

Read from tokens, so an aid: what it does not see is still held by the role, the mode and the engine.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from mcp_ref_kit.db.sql.lexer import Token
from mcp_ref_postgres.gate.statements import Statement

_NOISE = frozenset({"if", "exists", "only", "table", "concurrently", "from", "materialized", "view", "foreign"})
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
        return Danger(f"Drop the {about.lower()}", _target(tokens[2:]))
    if first == "ALTER":
        return _dropped_column(tokens)
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


def _unbounded(tokens: Sequence[Token]) -> Iterator[Danger]:
    """TRUNCATE, and DELETE or UPDATE without a WHERE of their own, also inside WITH."""
    for at, token in enumerate(tokens):
        if not token.is_word("delete", "update", "truncate") or not _begins(tokens, at):
            continue
        if token.value == "truncate" or not _has_where(tokens[at:], token.depth):
            words = {"truncate": "Empty", "delete": "Delete all rows of", "update": "Change all rows of"}
            yield Danger(words[token.value], _target(tokens[at + 1 :]), counts=True)


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
