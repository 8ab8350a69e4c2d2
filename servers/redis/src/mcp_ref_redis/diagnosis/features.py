"""What an engine can do beyond its core, asked without a category that an ordinary user lacks."""

from collections.abc import Mapping

from mcp_ref_redis.database import Database
from mcp_ref_redis.engine.resp import Fault

_WITNESSES: Mapping[str, bytes] = {
    "json": b"JSON.GET",
    "search": b"FT.SEARCH",
    "timeseries": b"TS.INFO",
    "vectorset": b"VINFO",
    "functions": b"FCALL",
}


async def features(db: Database) -> list[str]:
    """The features whose command there is; none where the user may not ask."""
    [reply] = await db.run((b"COMMAND", b"INFO", *_WITNESSES.values()))
    if isinstance(reply, Fault):
        return []
    return [name for name, told in zip(_WITNESSES, reply, strict=True) if told]
