"""What can be said of a statement from its tokens: its verb, what it calls, where it ends. An aid, never the judge."""

import itertools
from collections.abc import Sequence

from msgspec import Struct

from mcp_ref_kit.db.sql.lexer import Token

_VERBS = ("select", "insert", "update", "delete", "merge", "replace", "values", "table")
# After these a word is the name of something, even if it looks like a verb.
_BEFORE_NAMES = ("with", "recursive", "set", "by", "using", "as", "materialized", "not")


class Call(Struct, frozen=True):
    """A name before a parenthesis: perhaps a function. `schema` where it was written."""

    schema: str | None
    name: str
    start: int


def calls(tokens: Sequence[Token]) -> list[Call]:
    """Every `name(`, `schema.name(`, spaced or quoted as it may be; words such as `in (` are among them."""
    found: list[Call] = []
    for at in range(1, len(tokens)):
        name = tokens[at - 1]
        if tokens[at].is_sign("(") and name.kind in ("word", "name"):
            found.append(Call(_schema(tokens, at - 1), name.value, name.start))
    return found


def verb(tokens: Sequence[Token]) -> str | None:
    """What the statement does: its first word, or what follows the WITH list; None where that is not clear."""
    if not tokens or tokens[0].kind != "word":
        return "select" if tokens and tokens[0].is_sign("(") else None
    if tokens[0].value != "with":
        return tokens[0].value
    for before, token in itertools.pairwise(tokens):
        named = before.is_word(*_BEFORE_NAMES) or before.is_sign(",")
        if token.depth == 0 and token.is_word(*_VERBS) and not named:
            return token.value
    return None


def has_where(tokens: Sequence[Token]) -> bool:
    """Whether the statement itself has a WHERE: one in a comment, a string or parentheses is none of its own."""
    return any(token.depth == 0 and token.is_word("where") for token in tokens)


def extent(tokens: Sequence[Token]) -> tuple[int, int]:
    """Where the first statement begins and ends, without what follows: semicolons, comments, white space."""
    kept = [token for token in tokens if token.kind != "comment"]
    while kept and kept[-1].is_sign(";"):
        kept.pop()
    while kept and kept[0].is_sign(";"):
        kept.pop(0)
    return (kept[0].start, kept[-1].end) if kept else (0, 0)


def split(tokens: Sequence[Token]) -> list[tuple[int, int]]:
    """The statements of a text, as places; empty ones are left out."""
    found: list[tuple[int, int]] = []
    start: int | None = None
    end = 0
    for token in tokens:
        if token.is_sign(";"):
            if start is not None:
                found.append((start, end))
            start = None
        elif token.kind != "comment":
            start, end = token.start if start is None else start, token.end
    return found if start is None else [*found, (start, end)]


def identifier(*names: str) -> str:
    """Names as SQL needs them: quoted, with dots between."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def _schema(tokens: Sequence[Token], at: int) -> str | None:
    """The name before the dot before a name; of three the middle one, the first being the database's."""
    if at < 2 or not tokens[at - 1].is_sign(".") or tokens[at - 2].kind not in ("word", "name"):  # noqa: PLR2004  a.b
        return None
    return tokens[at - 2].value
