"""The words that arguments of the tools take: here, since what uses them brings SQLite with it."""

from typing import Literal

ObjectKind = Literal["table", "view", "index", "trigger", "virtual"]
Detail = Literal["names", "summary", "full"]
Part = Literal["columns", "indexes", "foreign_keys", "triggers", "ddl", "sample"]
PlanMode = Literal["plan", "bytecode"]
CheckName = Literal["integrity", "foreign_keys", "fragmentation", "wal", "stats", "indexes", "settings"]
Status = Literal["ok", "warn", "fail"]
Upkeep = Literal["analyze", "optimize", "vacuum", "wal_checkpoint", "reindex"]
OnConflict = Literal["abort", "ignore", "replace"]

# What can be listened to.
SCHEMA, DATA = "schema", "data"
