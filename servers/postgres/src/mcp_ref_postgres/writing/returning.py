"""A statement put round one that gives rows and may write: it cuts cells in the engine and counts all rows. Pure.

What changes data in WITH has to stand at the top, so a WITH of the caller's stays first and ours joins its list.
"""

from collections.abc import Sequence

from msgspec import Struct

from mcp_ref_kit.db.sql.lexer import Token
from mcp_ref_postgres.reading.columns import Shape
from mcp_ref_postgres.reading.parameters import cast_in_place
from mcp_ref_postgres.writing.admitting import Admitted

_VERBS = ("select", "values", "table", "insert", "update", "delete", "merge")


class Inner(Struct, frozen=True):
    """A caller's statement in two parts: its list of WITH, and what it does."""

    verb: str
    lists: str
    main: str

    def around(self, shape: Shape, most: int) -> str:
        """The statement that runs; each row ends with the number of all."""
        lead = f"{self.lists}, " if self.lists else "WITH "
        names = ", ".join(f"c{number}" for number in range(len(shape.columns)))
        columns = ", ".join(shape.selected)
        return (
            f"{lead}q({names}) AS ({self.main}\n)"  # noqa: S608  the caller's text was admitted
            f" SELECT {columns}, (SELECT pg_catalog.count(*) FROM q) FROM q LIMIT {most:d}"
        )


def inner_of(found: Admitted) -> Inner | None:
    """The parts of a statement; None where it is not clear which they are."""
    tokens = found.statement.tokens
    at = _main(tokens)
    if at is None:
        return None
    statement = found.statement
    start = tokens[at].start - statement.shift
    lists = cast_in_place(statement.text[:start], tokens[:at], statement.shift, found.parameters)
    main = cast_in_place(statement.text[start:], tokens[at:], statement.shift + start, found.parameters)
    verb = "SELECT" if tokens[at].is_sign("(") else tokens[at].value.upper()
    return Inner(verb, lists.rstrip(), main)


def _main(tokens: Sequence[Token]) -> int | None:
    """Where the statement itself begins: at its first word, or after the parenthesis that ends its list of WITH."""
    if not tokens[0].is_word("with"):
        return 0 if tokens[0].is_sign("(") or tokens[0].is_word(*_VERBS) else None
    for at in range(1, len(tokens)):
        token = tokens[at]
        if token.depth == 0 and tokens[at - 1].is_sign(")") and token.is_word(*_VERBS):
            return at
    return None
