"""How a connection is opened and bounded, before its gate closes. Runs on the connection's own thread."""

import sqlite3
from collections.abc import Callable, Mapping

from msgspec import Struct

from mcp_ref_sqlite.engine.gate import Gate

KIB = 1024
MIB = 1024 * KIB

# One value of more than this cannot be made at all: randomblob(1e9) ran for a minute in one step.
LONGEST_VALUE = 16 * MIB
_LIMITS: Mapping[str, int] = {
    "SQLITE_LIMIT_LENGTH": LONGEST_VALUE,
    "SQLITE_LIMIT_SQL_LENGTH": 256 * KIB,
    "SQLITE_LIMIT_ATTACHED": 0,
    "SQLITE_LIMIT_EXPR_DEPTH": 200,
    "SQLITE_LIMIT_COMPOUND_SELECT": 100,
    "SQLITE_LIMIT_VDBE_OP": 250_000,
    "SQLITE_LIMIT_FUNCTION_ARG": 64,
    "SQLITE_LIMIT_LIKE_PATTERN_LENGTH": 1000,
    "SQLITE_LIMIT_TRIGGER_DEPTH": 32,
    "SQLITE_LIMIT_VARIABLE_NUMBER": 32_766,
}
# Prepared statements that are kept; a model repeats itself.
_STATEMENTS = 256
# Operations between two looks at the clock: some tenths of a millisecond, at a cost that is lost in noise.
_OPERATIONS = 10_000


# SQLite sleeps on a lock without looking at the clock or at a cancelled call, so it sleeps in short turns.
LOCK_SECONDS = 0.1


class Bounding(Struct, frozen=True, kw_only=True):
    """What the operator allows each connection."""

    busy_seconds: float = 5.0
    cache_mib: int = 16
    mmap_mib: int = 0
    heap_mib: int = 512
    extensions: tuple[str, ...] = ()


Interruption = Callable[[], int]


def open_reader(uri: str, bounding: Bounding, gate: Gate, interruption: Interruption) -> sqlite3.Connection:
    """A connection that cannot write, whatever it is told: read-only by its URI, then by pragmas, then by the gate."""
    return _opened(uri, bounding, gate, interruption, [*_shared(bounding), "PRAGMA query_only=1"])


def open_writer(uri: str, bounding: Bounding, gate: Gate, interruption: Interruption) -> sqlite3.Connection:
    """A connection that writes within its gate. How durable the file is stays as the file says."""
    return _opened(uri, bounding, gate, interruption, [*_shared(bounding), "PRAGMA foreign_keys=1"])


def open_aside(uri: str, bounding: Bounding, gate: Gate, interruption: Interruption) -> sqlite3.Connection:
    """A connection that reads, for statements of our own: its gate is open, so no text of a caller comes near it."""
    connection = open_reader(uri, bounding, gate, interruption)
    connection.set_authorizer(None)
    return connection


def as_text(data: bytes) -> str:
    """Text as it is stored, where it is no UTF-8 with U+FFFD."""
    return data.decode("utf-8", "replace")


def _shared(bounding: Bounding) -> list[str]:
    return [
        f"PRAGMA hard_heap_limit={bounding.heap_mib * MIB}",
        f"PRAGMA cache_size={-bounding.cache_mib * KIB}",
        f"PRAGMA mmap_size={bounding.mmap_mib * MIB}",
        "PRAGMA trusted_schema=0",
        "PRAGMA cell_size_check=1",
        "PRAGMA temp_store=MEMORY",
    ]


def _opened(
    uri: str, bounding: Bounding, gate: Gate, interruption: Interruption, pragmas: list[str]
) -> sqlite3.Connection:
    connection = sqlite3.connect(
        uri,
        uri=True,
        timeout=LOCK_SECONDS,
        isolation_level=None,
        check_same_thread=False,  # the loop's thread interrupts; statements run on the connection's own
        cached_statements=_STATEMENTS,
    )
    try:
        _harden(connection, bounding)
        for pragma in pragmas:
            connection.execute(pragma).close()
        connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").close()  # reads the header: is it a database?
        connection.text_factory = as_text
        for name, most in _LIMITS.items():
            connection.setlimit(getattr(sqlite3, name), most)
        connection.set_progress_handler(interruption, _OPERATIONS)
        connection.set_authorizer(gate)
    except BaseException:  # whatever happens, nobody else knows the connection yet
        connection.close()
        raise
    return connection


def _harden(connection: sqlite3.Connection, bounding: Bounding) -> None:
    if bounding.extensions:
        connection.enable_load_extension(True)  # noqa: FBT003  it takes no name
        for extension in bounding.extensions:
            connection.load_extension(extension)
    if hasattr(connection, "enable_load_extension"):  # absent where Python was built without
        connection.enable_load_extension(False)  # noqa: FBT003  it takes no name
    configure = getattr(connection, "setconfig", None)  # since Python 3.12
    if configure is not None:
        configure(getattr(sqlite3, "SQLITE_DBCONFIG_DEFENSIVE"), True)  # noqa: B009, FBT003  not in older modules; it takes no name
        configure(getattr(sqlite3, "SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION"), False)  # noqa: B009, FBT003  the same
