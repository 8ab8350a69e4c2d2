"""What a statement may do, as tables that SQLite asks about while it prepares: a gate for readers, one for the writer.

A denylist, because building a virtual table (FTS5, json_each, dbstat) reports an update of the schema table, which an
allowlist of reads would refuse. A gate never looks at a flag: the sqlite3 module uses prepared statements again by
their text, and what is used again is not authorized again.
"""

import sqlite3
from collections.abc import Mapping

from msgspec import Struct

from mcp_ref_kit.db.calls.errors import Code

# Named in no public constant of the sqlite3 module.
DENY, PERMIT = sqlite3.SQLITE_DENY, sqlite3.SQLITE_OK


class Refusal(Struct, frozen=True):
    """Why a gate said no."""

    code: Code
    message: str


class Event(Struct, frozen=True):
    """Something that a statement does: the action, and what it does it to; `source` is the trigger or view."""

    action: int
    target: str
    detail: str | None
    source: str | None


class Rules(Struct, frozen=True, kw_only=True):
    """Everything that one gate knows."""

    actions: Mapping[int, str]
    """Denied whatever they are done to, with the words for it."""
    pragmas: frozenset[str]
    """Permitted with any argument: it names what is asked about."""
    values: frozenset[str]
    """Permitted without an argument, which would set them."""
    settable: Mapping[str, frozenset[str] | None] = {}
    """Permitted with these arguments; None is any."""
    read_only: bool


_SESSION = {
    sqlite3.SQLITE_ATTACH: "attach a file",
    sqlite3.SQLITE_DETACH: "detach a file",
    sqlite3.SQLITE_TRANSACTION: "begin or end a transaction",
    sqlite3.SQLITE_SAVEPOINT: "set a savepoint",
    sqlite3.SQLITE_CREATE_TEMP_INDEX: "create something temporary",
    sqlite3.SQLITE_CREATE_TEMP_TABLE: "create something temporary",
    sqlite3.SQLITE_CREATE_TEMP_TRIGGER: "create something temporary",
    sqlite3.SQLITE_CREATE_TEMP_VIEW: "create something temporary",
}
_SCHEMA = {
    sqlite3.SQLITE_CREATE_INDEX: "create an index",
    sqlite3.SQLITE_CREATE_TRIGGER: "create a trigger",
    sqlite3.SQLITE_CREATE_VIEW: "create a view",
    sqlite3.SQLITE_CREATE_VTABLE: "create a virtual table",
    sqlite3.SQLITE_DROP_INDEX: "drop an index",
    sqlite3.SQLITE_DROP_TABLE: "drop a table",
    sqlite3.SQLITE_DROP_TEMP_INDEX: "drop an index",
    sqlite3.SQLITE_DROP_TEMP_TABLE: "drop a table",
    sqlite3.SQLITE_DROP_TEMP_TRIGGER: "drop a trigger",
    sqlite3.SQLITE_DROP_TEMP_VIEW: "drop a view",
    sqlite3.SQLITE_DROP_TRIGGER: "drop a trigger",
    sqlite3.SQLITE_DROP_VIEW: "drop a view",
    sqlite3.SQLITE_DROP_VTABLE: "drop a table",
    sqlite3.SQLITE_ALTER_TABLE: "alter a table",
    sqlite3.SQLITE_REINDEX: "build an index anew",
    sqlite3.SQLITE_ANALYZE: "analyze a table",
}
# A pointer into the heap, files, programs: none of them is needed to read a database.
_FUNCTIONS = frozenset({"load_extension", "fts3_tokenizer", "readfile", "writefile", "edit", "zipfile", "sqlite_dump"})
# Raw pages show what was deleted; the list of statements shows those of other callers.
_TABLES = frozenset({"sqlite_dbpage", "sqlite_stmt"})
# Not database_list: it says where the file is.
_ABOUT = frozenset(
    {
        "table_info", "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo",
        "foreign_key_list", "foreign_key_check", "collation_list", "function_list", "module_list", "pragma_list",
        "compile_options", "data_version",
    }
)  # fmt: skip
_VALUES = frozenset(
    {
        "user_version", "application_id", "encoding", "page_size", "page_count", "freelist_count", "journal_mode",
        "auto_vacuum", "schema_version", "foreign_keys",
    }
)  # fmt: skip
_SETTABLE = {
    "user_version": None,
    "application_id": None,
    "journal_mode": frozenset({"wal", "delete"}),
    "foreign_keys": None,
}

READING = Rules(actions=_SESSION | _SCHEMA, pragmas=_ABOUT, values=_VALUES, read_only=True)
WRITING = Rules(actions=_SESSION, pragmas=_ABOUT, values=_VALUES, read_only=False)
ADMINISTRATION = Rules(actions=_SESSION, pragmas=_ABOUT, values=_VALUES, settable=_SETTABLE, read_only=False)

# SQLite's own tables; only it writes them, and only while it changes something else.
SEQUENCE = "sqlite_sequence"
CHANGES = frozenset({sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE})
_ALTERS = frozenset({sqlite3.SQLITE_DROP_TABLE, sqlite3.SQLITE_ALTER_TABLE})


class Gate:
    """The callback of one connection; `refusal` is why it last said no, since SQLite itself says only that."""

    def __init__(self, rules: Rules) -> None:
        self.refusal: Refusal | None = None
        self.events: list[Event] = []
        self.writes = not rules.read_only
        self._rules = rules

    def reset(self) -> None:
        """A new statement begins."""
        self.refusal = None
        self.events.clear()

    def __call__(
        self, action: int, first: str | None, second: str | None, database: str | None, source: str | None
    ) -> int:
        """SQLite's question; a callback that raised would deny as well."""
        del database
        if self.writes:
            self.events.append(Event(action, first or "", second, source))
        refusal = self._judged(action, first or "", second)
        if refusal is None:
            return PERMIT
        self.refusal = refusal
        return DENY

    def _judged(self, action: int, first: str, second: str | None) -> Refusal | None:
        words = self._rules.actions.get(action)
        if words is not None:
            return self._refused(words)
        if action == sqlite3.SQLITE_PRAGMA:
            return self._pragma(first.lower(), second)
        if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in _FUNCTIONS:
            return Refusal("permission", f"The function {second} is not available here.")
        if first.lower() in _TABLES and action == sqlite3.SQLITE_READ:
            return Refusal("permission", f"The table {first} is not available here.")
        return None

    def _pragma(self, name: str, value: str | None) -> Refusal | None:
        rules = self._rules
        if name in rules.pragmas or (name in rules.values and value is None):
            return None
        if name in rules.settable and value is not None:
            permitted = rules.settable[name]
            if permitted is None or value.lower() in permitted:
                return None
        if value is not None and rules.read_only:
            return self._refused(f"set the pragma {name}")
        return Refusal(
            "permission", f"The pragma {name} is not available here{'' if value is None else ' in this form'}."
        )

    def _refused(self, words: str) -> Refusal:
        if self._rules.read_only:
            return Refusal("read_only", f"A read-only statement cannot {words}.")
        return Refusal("permission", f"A statement cannot {words} here.")


def writes_sequence(events: list[Event]) -> bool:
    """Whether a statement itself changes the counters of AUTOINCREMENT, which dropping and renaming do rightly."""
    if any(event.action in _ALTERS for event in events):
        return False
    return any(event.action in CHANGES and event.target.lower() == SEQUENCE for event in events)
