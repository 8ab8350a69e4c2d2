"""What a migration's statements lock or lose, read from their tokens. Pure; an aid, not a judge."""

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

from msgspec import Struct

from mcp_ref_kit.db.sql.lexer import Token
from mcp_ref_postgres.gate.statements import Statement
from mcp_ref_postgres.writing.deeds import danger

Severity = Literal["info", "warning", "critical"]


class Risk(Struct, frozen=True):
    """One thing to know before a statement is applied."""

    severity: Severity
    text: str


def risks(statements: Sequence[Statement]) -> list[Risk]:
    """All of them, in the order of the statements."""
    return [risk for number, one in enumerate(statements, 1) for risk in _of(number, one)]


def _of(number: int, statement: Statement) -> Iterator[Risk]:
    found = danger(statement)
    if found is not None:
        yield Risk("critical", f"Statement {number}: {found.action.lower()} {found.target}; what is in it is lost.")
    words = statement.words
    for applies, severity, text in _TABLE:
        if applies(words, statement.tokens):
            yield Risk(severity, f"Statement {number}: {text}")


def _has(tokens: Sequence[Token], *words: str) -> bool:
    """Whether these words stand one after the other."""
    plain = [token.value if token.kind == "word" else "" for token in tokens]
    return any(tuple(plain[at : at + len(words)]) == words for at in range(len(plain) - len(words) + 1))


def _creates_index(words: Sequence[str], tokens: Sequence[Token]) -> bool:
    del tokens
    return words[0] == "CREATE" and "INDEX" in words[:4] and "CONCURRENTLY" not in words


def _alters(*parts: str) -> Callable[[Sequence[str], Sequence[Token]], bool]:
    def applies(words: Sequence[str], tokens: Sequence[Token]) -> bool:
        return words[:2] == ["ALTER", "TABLE"] and _has(tokens, *parts)

    return applies


def _adds_checked(words: Sequence[str], tokens: Sequence[Token]) -> bool:
    adds = words[:2] == ["ALTER", "TABLE"] and _has(tokens, "add", "constraint")
    checks = any(token.is_word("check", "foreign") for token in tokens)
    return adds and checks and not _has(tokens, "not", "valid")


def _adds_not_null(words: Sequence[str], tokens: Sequence[Token]) -> bool:
    adds = words[:2] == ["ALTER", "TABLE"] and _has(tokens, "add") and _has(tokens, "not", "null")
    return adds and not any(token.is_word("default", "generated", "constraint", "set") for token in tokens)


def _renames(words: Sequence[str], tokens: Sequence[Token]) -> bool:
    return words[0] == "ALTER" and any(token.depth == 0 and token.is_word("rename") for token in tokens)


def _is(*first: str) -> Callable[[Sequence[str], Sequence[Token]], bool]:
    def applies(words: Sequence[str], tokens: Sequence[Token]) -> bool:
        del tokens
        return tuple(words[: len(first)]) == first

    return applies


_TABLE: tuple[tuple[Callable[[Sequence[str], Sequence[Token]], bool], Severity, str], ...] = (
    (_creates_index, "warning", "building an index locks writers out; CONCURRENTLY does not, outside of a migration."),
    (_alters("set", "not", "null"), "warning", "SET NOT NULL reads the whole table under an exclusive lock."),
    (_alters("type"), "warning", "changing a column's type can rewrite the table under an exclusive lock."),
    (_adds_checked, "warning", "the constraint reads the whole table; NOT VALID and a later VALIDATE do not lock it."),
    (_adds_not_null, "critical", "a NOT NULL column without DEFAULT fails where the table has rows."),
    (_renames, "warning", "renaming breaks programs that use the old name."),
    (_is("ALTER", "TYPE"), "info", "a new value of an enum cannot be used in the same transaction."),
    (_is("REFRESH", "MATERIALIZED"), "warning", "refreshing locks readers out."),
)
