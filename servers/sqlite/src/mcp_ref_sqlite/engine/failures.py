"""What SQLite says when it fails, in the words and codes that all database servers share: one place for all of them."""

import sqlite3
from collections.abc import Mapping

from mcp_ref_kit.db.calls.errors import Code, DbError, Scrub, by_word

# By the longest beginning of the engine's own name for it.
_CODES: Mapping[str, Code] = {
    "SQLITE_AUTH": "permission",
    "SQLITE_BUSY": "busy",
    "SQLITE_LOCKED": "busy",
    "SQLITE_CANTOPEN": "connection",
    "SQLITE_CORRUPT": "connection",
    "SQLITE_NOTADB": "connection",
    "SQLITE_IOERR": "connection",
    "SQLITE_PROTOCOL": "connection",
    "SQLITE_FULL": "connection",
    "SQLITE_CONSTRAINT": "conflict",
    "SQLITE_INTERRUPT": "cancelled",
    "SQLITE_NOMEM": "too_large",
    "SQLITE_TOOBIG": "too_large",
    "SQLITE_READONLY": "read_only",
    "SQLITE_RANGE": "invalid_argument",
    "SQLITE_MISMATCH": "conflict",
}
# SQLITE_ERROR says everything else; these words are in the engine since long before it had codes for them.
_WORDS: tuple[tuple[str, Code], ...] = (
    ("no such table", "not_found"),
    ("no such column", "not_found"),
    ("no such index", "not_found"),
    ("no such view", "not_found"),
    ("no such trigger", "not_found"),
    ("no such function", "not_found"),
    ("no such collation", "not_found"),
    ("no such module", "unsupported"),
    ("not authorized", "permission"),
    ("string or blob too big", "too_large"),
    ("has no column named", "not_found"),
    ("may not be modified", "permission"),
    ("may not be dropped", "permission"),
    ("may not be altered", "permission"),
    ("already exists", "conflict"),
    ("already an index named", "conflict"),
    ("already another table or index", "conflict"),
)
# What the sqlite3 module raises, and what Python does about values that SQLite cannot have.
ERRORS = (sqlite3.Error, sqlite3.Warning, MemoryError, OverflowError, UnicodeEncodeError)
_LASTING = frozenset({"SQLITE_CORRUPT", "SQLITE_NOTADB"})
_HINTS: Mapping[str, str] = {
    "not_found": "list_objects and describe_object show what there is.",
    "busy": "Another program holds a lock on the file; try again in a moment.",
    "too_large": "Ask for less: fewer rows, shorter values, or a part of a value with substr().",
}
_UNWRITABLE = (
    "The file is in WAL mode and SQLite cannot write its -shm file here; if nobody writes the database, start with"
    " --immutable."
)
_NEAR = 'near "'
# What the sqlite3 module says before the engine is asked.
_KINDS: tuple[tuple[type[BaseException], str, Code], ...] = (
    (MemoryError, "", "too_large"),
    (sqlite3.DataError, "too large", "too_large"),
    (sqlite3.DataError, "too big", "too_large"),
    (sqlite3.ProgrammingError, "one statement at a time", "syntax"),
    (sqlite3.Warning, "one statement at a time", "syntax"),
    (sqlite3.ProgrammingError, "", "invalid_argument"),
    (sqlite3.InterfaceError, "", "invalid_argument"),
    (OverflowError, "", "invalid_argument"),
    (UnicodeEncodeError, "", "invalid_argument"),
    (ValueError, "", "invalid_argument"),
)
_SENTENCES: Mapping[str, str] = {"one statement at a time": "A call runs one statement; send the others separately."}


def failure(error: BaseException, scrub: Scrub, sql: str = "") -> DbError:
    """The error for the caller; `sql` is the caller's own text, to say where in it."""
    for kind, words, code in _KINDS:
        if isinstance(error, kind) and words in str(error):
            message = _SENTENCES.get(words) or f"{scrub(str(error)).rstrip('.')}."
            return DbError(message, code=code, hint=_HINTS.get(code))
    name: str | None = getattr(error, "sqlite_errorname", None)
    message = scrub(str(error)).rstrip(".")
    code = _code(name or "", message)
    return DbError(
        f"{message[:1].upper()}{message[1:]}.",
        code=code,
        hint=_hint(name or "", code),
        engine_code=name,
        position=_position(message, sql) if code == "syntax" else None,
        retryable=False if name and any(name.startswith(one) for one in _LASTING) else None,
    )


def was_interrupted(error: BaseException) -> bool:
    """Whether we stopped it ourselves."""
    return getattr(error, "sqlite_errorname", None) == "SQLITE_INTERRUPT" or str(error) == "interrupted"


def is_broken(error: BaseException) -> bool:
    """Whether a connection that said this is better opened anew."""
    name: str = getattr(error, "sqlite_errorname", None) or ""
    return name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_NOMEM"))


def is_busy(error: BaseException) -> bool:
    """Whether somebody else has a lock, which may be gone in a moment."""
    return (getattr(error, "sqlite_errorname", None) or "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


def _code(name: str, message: str) -> Code:
    if name in {"", "SQLITE_ERROR"}:
        known: list[Code] = [code for words, code in _WORDS if words in message]
        return known[0] if known else "syntax"
    return by_word(_CODES, name, "syntax")


def _hint(name: str, code: Code) -> str | None:
    return _UNWRITABLE if name in {"SQLITE_CANTOPEN", "SQLITE_READONLY_CANTINIT"} else _HINTS.get(code)


def _position(message: str, sql: str) -> int | None:
    """Where the word that SQLite complains about is, if it is in the text just once; counted from 1."""
    if not message.startswith(_NEAR):
        return None
    word = message[len(_NEAR) : message.rindex('"')]
    return sql.index(word) + 1 if word and sql.count(word) == 1 else None
