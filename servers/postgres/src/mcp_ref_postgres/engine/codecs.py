"""Types that travel as text in both directions, because the driver's own form of them loses something or fails.

An interval of one month becomes 31 days there, an infinite date the year 9999, and a date before Christ an exception
for the whole page. Text codecs hold inside arrays too.
"""

from mcp_ref_postgres.engine.driver import Connection

NUMERIC = frozenset({"numeric", "money"})
DOCUMENTS = frozenset({"json", "jsonb"})
TEXTS = frozenset({"text", "varchar", "bpchar", "char", "name", "xml", "unknown", "cstring"})
TIMES = frozenset({"date", "time", "timetz", "timestamp", "timestamptz", "interval"})
SHAPES = frozenset({"point", "line", "lseg", "box", "path", "polygon", "circle"})
OTHERS = frozenset(
    {"uuid", "inet", "cidr", "macaddr", "macaddr8", "bit", "varbit", "tsvector", "tsquery", "txid_snapshot",
     "pg_snapshot", "pg_lsn", "jsonpath"}
)  # fmt: skip
AS_TEXT = NUMERIC | DOCUMENTS | TIMES | SHAPES | OTHERS


async def exchange_as_text(connection: Connection) -> None:
    """Register the codecs; the engine is not asked anything for it."""
    for name in sorted(AS_TEXT):
        await connection.set_type_codec(name, schema="pg_catalog", encoder=str, decoder=str, format="text")
