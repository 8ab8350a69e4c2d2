"""Which statements the writing tools take: by the first keywords, of exactly one statement, all others refused.

The extended protocol holds one statement, so the first words say what runs. Pure.
"""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

Mode = Literal["read-only", "read-write", "admin"]

_DATA = (
    "SELECT",
    "WITH",
    "VALUES",
    "TABLE",
    "INSERT",
    "UPDATE",
    "DELETE",
    "MERGE",
    "TRUNCATE",
    "COMMENT",
    "REFRESH",
    "ANALYZE",
    "(",
)
_MADE = ("TABLE", "VIEW", "MATERIALIZED", "INDEX", "SEQUENCE", "TYPE", "DOMAIN", "SCHEMA")
_DEFINES = ("CREATE", "ALTER", "DROP")
# Words between CREATE and what is created.
_BETWEEN = frozenset(
    {"OR", "REPLACE", "TEMP", "TEMPORARY", "LOCAL", "GLOBAL", "UNLOGGED", "UNIQUE", "RECURSIVE", "CONSTRAINT"}
)
_ADMIN = ("GRANT", "REVOKE", "VACUUM", "REINDEX", "CLUSTER", "CALL", "DO")
_ADMIN_MADE = ("EXTENSION", "FUNCTION", "PROCEDURE", "ROUTINE", "TRIGGER", "POLICY", "AGGREGATE", "STATISTICS", "RULE")
# Never, in any mode: what leaves the transaction, the session, the database or the machine.
NEVER = frozenset(
    {
        "BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE", "PREPARE", "EXECUTE",
        "DEALLOCATE", "SET", "RESET", "DISCARD", "COPY", "LISTEN", "UNLISTEN", "NOTIFY", "LOAD", "CHECKPOINT",
        "SECURITY", "DECLARE", "FETCH", "MOVE", "CLOSE", "LOCK", "IMPORT", "REASSIGN", "SHOW", "EXPLAIN",
    }
)  # fmt: skip
_NEVER_MADE = frozenset({"SYSTEM", "ROLE", "USER", "GROUP", "DATABASE", "TABLESPACE", "LANGUAGE", "SERVER", "FOREIGN"})


# Words that begin a statement of the engine, so that a refusal can name it.
KNOWN = NEVER | frozenset((*_DATA, *_DEFINES, *_ADMIN)) - {"SELECT", "WITH", "VALUES", "TABLE", "("}


class Kind(Struct, frozen=True):
    """What a statement is: its first word, and of CREATE, ALTER and DROP what it is about."""

    verb: str
    about: str | None = None

    @property
    def text(self) -> str:
        """As a refusal names it."""
        return self.verb if self.about is None else f"{self.verb} {self.about}"


def kind_of(words: Sequence[str]) -> Kind:
    """The kind of a statement from its first words, upper case; a parenthesis is one of them."""
    if not words:
        return Kind("")
    verb = words[0]
    if verb not in _DEFINES:
        return Kind(verb)
    about = next((word for word in words[1:] if word not in _BETWEEN), "")
    return Kind(verb, about)


def refusal(kind: Kind, mode: Mode) -> str | None:
    """Why this mode does not run such a statement, or None if it does."""
    if not kind.verb:
        return "There is no statement."
    if kind.verb in NEVER or kind.about in _NEVER_MADE:
        return f"{kind.text} is refused in every mode."
    if kind.verb in _DATA or (kind.verb in _DEFINES and kind.about in _MADE):
        return None
    if kind.verb in _ADMIN or (kind.verb in _DEFINES and kind.about in _ADMIN_MADE):
        return None if mode == "admin" else f"{kind.text} needs --mode admin."
    return f"{kind.text} is not among the statements that can run here."


def runs_alone(words: Sequence[str]) -> bool:
    """Whether the engine refuses to run it inside a transaction."""
    return bool(words) and (
        words[0] == "VACUUM"
        or "CONCURRENTLY" in words[:6]
        or (words[0] == "REINDEX" and "DATABASE" in words[:3])
        or (words[0] == "CLUSTER" and len(words) == 1)
    )
