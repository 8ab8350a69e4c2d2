"""What arguments of several tools mean, and how each becomes bytes."""

from typing import Annotated

from mcp_protocol import arg
from mcp_protocol.server.toolset import ToolOptions
from mcp_ref_kit.db.calls.arguments import DatabaseName
from mcp_ref_redis.database import Database
from mcp_ref_redis.values import Given, bytes_of

Key = Annotated[Given, arg('Key or {"$base64"}.')]
Keys = Annotated[list[Given], arg("Keys.", min_length=1)]
Cursor = Annotated[str | None, arg("`next_cursor` of the page before.")]
# Absent where there is one database, else one of their names: see `tailored` of the kit.
Named = DatabaseName | None

READING: ToolOptions = {"read_only": True, "idempotent": True, "open_world": False}
ASKING: ToolOptions = {"read_only": True, "open_world": False}
CHANGING: ToolOptions = {"destructive": True, "open_world": False}


def key_of(db: Database, key: Given, name: str = "key") -> bytes:
    """A key that this server may touch.

    Raises:
        ToolError: `invalid_argument`.
        Refused: it lies outside the prefix.
    """
    found = bytes_of(name, key)
    db.jail.require([found])
    return found


def keys_of(db: Database, keys: list[Given], name: str = "keys") -> list[bytes]:
    """Several keys, all or none."""
    return [key_of(db, key, f"{name}[{at}]") for at, key in enumerate(keys)]
