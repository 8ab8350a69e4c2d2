"""Types of the engine, by how their values travel. Everything that JSON has no form of travels as the engine's text.

The driver's own form of many types loses something or fails: an interval of one month becomes 31 days there, an
infinite date the year 9999, and a date before Christ an exception for the whole page.
"""

from mcp_ref_kit.db.sql.statements import identifier
from mcp_ref_postgres.engine.driver import TypeName

NUMBERS = frozenset({"int2", "int4", "int8", "oid", "float4", "float8", "bool", "xid", "cid"})
WHOLE = frozenset({"int2", "int4", "int8", "oid", "xid", "cid", "xid8"})
DOCUMENTS = frozenset({"json", "jsonb"})
# Few bytes as text, so that there is nothing to cut.
SHORT = frozenset(
    {"date", "time", "timetz", "timestamp", "timestamptz", "interval", "uuid", "inet", "cidr", "macaddr", "macaddr8",
     "money", "pg_lsn", "point", "lseg", "box", "line", "circle", "xid8", "name"}
)  # fmt: skip
# What the driver gives as it is, in arrays too.
DIRECT = NUMBERS | {"text", "varchar", "name", "bytea"}


# Of these the driver's form loses something, as said above.
_LOSSY = frozenset({"date", "time", "timetz", "timestamp", "timestamptz", "interval", "bit", "varbit", "record"})


def is_given(kind: TypeName) -> bool:
    """Whether the driver reads single values of a type without loss, be it as its text."""
    return is_direct(kind) or (kind.kind == "scalar" and kind.name not in _LOSSY)


def is_direct(kind: TypeName) -> bool:
    """Whether the driver's own form of a type is the right one."""
    return kind.schema == "pg_catalog" and kind.kind in {"scalar", "array"} and bare(kind) in DIRECT


def bare(kind: TypeName) -> str:
    """The name of a type, or of what an array holds."""
    return kind.name.removesuffix("[]")


def path(kind: TypeName) -> str:
    """A type as SQL names it."""
    return identifier(kind.schema, bare(kind)) + ("[]" if kind.name.endswith("[]") else "")
