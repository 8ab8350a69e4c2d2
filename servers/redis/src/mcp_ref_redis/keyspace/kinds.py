"""The types of keys: what each is called, how its length is asked for. Data."""

from collections.abc import Mapping
from typing import Literal

KeyType = Literal["string", "hash", "list", "set", "zset", "stream", "json", "timeseries", "vectorset"]

LENGTH: Mapping[str, bytes] = {
    "string": b"STRLEN",
    "hash": b"HLEN",
    "list": b"LLEN",
    "set": b"SCARD",
    "zset": b"ZCARD",
    "stream": b"XLEN",
}
JSON = "ReJSON-RL"
TIME_SERIES = "TSDB-TYPE"
VECTOR_SET = "vectorset"
NONE = "none"
# What modules call their types, and what people do.
SPOKEN: Mapping[str, str] = {JSON: "json", TIME_SERIES: "timeseries"}


_WRITTEN = {name: engine_type for engine_type, name in SPOKEN.items()}


def written(name: str) -> str:
    """What the engine calls a type of results."""
    return _WRITTEN.get(name, name)


def spoken(engine_type: str) -> str:
    """The name of a type in results."""
    return SPOKEN.get(engine_type, engine_type)
