"""A caller's text as one statement: what runs of it, where that stands in the text, what it names. Pure."""

from collections.abc import Sequence
from functools import cached_property

from msgspec import Struct

from mcp_ref_kit.db.calls.errors import DbError, bad_argument
from mcp_ref_kit.db.sql.lexer import POSTGRES, Token, significant
from mcp_ref_kit.db.sql.statements import calls, extent
from mcp_ref_postgres.gate.functions import Named
from mcp_ref_postgres.gate.keywords import KNOWN

READING = frozenset({"SELECT", "VALUES", "TABLE", "WITH", "("})


class Statement(Struct, frozen=True, dict=True):
    """`text` stands at `shift` in what the caller wrote, without semicolons and comments round it."""

    text: str
    shift: int
    tokens: Sequence[Token]

    @classmethod
    def of(cls, given: str) -> "Statement":
        """The statement in a text.

        Raises:
            DbError: `syntax`, there is none; `invalid_argument`, a character that the engine cannot take.
        """
        if "\0" in given:
            raise bad_argument("sql", "holds a NUL character")
        try:
            given.encode()
        except UnicodeEncodeError as error:
            raise bad_argument("sql", "holds half of a surrogate pair, which is no character") from error
        found = significant(given, POSTGRES)
        start, end = extent(found)
        if start == end:
            raise DbError("There is no statement.", code="syntax")
        kept = [token for token in found if start <= token.start < end]
        return cls(given[start:end], start, kept)

    @property
    def end(self) -> int:
        """Where it ends in what the caller wrote."""
        return self.shift + len(self.text)

    @cached_property
    def words(self) -> list[str]:
        """The first words in upper case; a parenthesis is one, a quoted name is none that is known."""
        return [_word(token) for token in self.tokens[:12]]

    @cached_property
    def is_starred(self) -> bool:
        """Whether a table decides what the columns are: by `*`, which in `count(*)` is none, or by TABLE."""
        for at, token in enumerate(self.tokens):
            counts = at > 0 and self.tokens[at - 1].is_sign("(") and self.tokens[at + 1 : at + 2] != []
            if token.is_sign("*") and not (counts and self.tokens[at + 1].is_sign(")")):
                return True
            if token.is_word("table"):
                return True
        return False

    @property
    def has_changing_verb(self) -> bool:
        """Whether a word in it changes data; for messages."""
        return any(token.is_word("insert", "update", "delete", "merge") for token in self.tokens)

    def calls(self) -> list[Named]:
        """Every name before a parenthesis, once."""
        return sorted({Named(each.schema, each.name) for each in calls(self.tokens)}, key=_order)

    def foreign_verb(self) -> str | None:
        """What it is if it is no reading statement but a known one; also for SELECT INTO."""
        first = self.words[0]
        if first not in READING:
            return first if first in KNOWN else None
        return "SELECT INTO" if any(token.depth == 0 and token.is_word("into") for token in self.tokens) else None


def _word(token: Token) -> str:
    if token.kind == "word":
        return token.value.upper()
    return "(" if token.is_sign("(") else token.kind


def _order(named: Named) -> tuple[str, str]:
    return named.schema or "", named.name
