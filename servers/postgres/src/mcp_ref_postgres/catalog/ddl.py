"""A CREATE TABLE statement from what the catalogue says of a table. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from mcp_ref_kit.db.sql.statements import identifier

Row = Mapping[str, Any]


def table_ddl(
    path: str,
    columns: Sequence[Row],
    constraints: Sequence[Row],
    indexes: Sequence[Row],
    *,
    key: str | None = None,
    bound: Row | None = None,
) -> str:
    """What would make this table and its indexes again; privileges, comments and triggers are not in it."""
    if bound is not None:
        head = f"CREATE TABLE {path} PARTITION OF {bound['parent']} {bound['bound']}"
    else:
        lines = [_column(column) for column in columns]
        lines += [f"CONSTRAINT {identifier(row['name'])} {row['definition']}" for row in constraints]
        head = f"CREATE TABLE {path} (\n    " + ",\n    ".join(lines) + "\n)"
    if key:
        head += f" PARTITION BY {key}"
    own = {row["name"] for row in constraints if row["kind"] in {"p", "u", "x"}}
    more = [row["definition"] for row in indexes if row["name"] not in own]
    return ";\n".join([head, *more])


def _column(column: Row) -> str:
    words = [identifier(column["name"]), column["type"]]
    if "collation" in column:
        words.append(f"COLLATE {identifier(column['collation'])}")
    if "generated" in column:
        words.append(f"GENERATED ALWAYS AS ({column['generated']}) STORED")
    if "identity" in column:
        words.append(f"GENERATED {column['identity'].upper()} AS IDENTITY")
    elif "default" in column:
        words.append(f"DEFAULT {column['default']}")
    if not column["nullable"]:
        words.append("NOT NULL")
    return " ".join(words)
