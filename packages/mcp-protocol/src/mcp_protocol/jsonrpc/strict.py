"""JSON text to a tree, strictly: UTF-8, no duplicate key, no NaN or Infinity, no lone surrogate, bounded shape.

Neither library does it all: msgspec keeps the last of duplicate keys, json lets NaN and lone surrogates pass. Small
texts are read by json with its hooks; large ones by msgspec, which is faster there, and then surveyed for what it
dropped.
"""

import json
from collections.abc import Iterable
from itertools import chain
from math import isfinite
from typing import Any, NoReturn

import msgspec

from mcp_protocol.errors import Malformed
from mcp_protocol.limits import Limits

# From about here on the hooks of json cost more than a survey (measured: 350 bytes 4 against 5 us, 1 MiB 1.5 against
# 0.8 ms, most of it for memory that the second copy of the text needs).
_LARGE = 16 * 1024

_Container = dict[str, Any] | list[Any]
_CONTAINERS = frozenset({dict, list})


def parse(data: bytes, limits: Limits) -> Any:
    """The value of the text.

    Raises:
        Malformed: with one sentence that repeats nothing of the text.
    """
    if _is_crowded(data, limits.containers):
        raise Malformed(f"Parse error: more than {limits.containers} objects and arrays")
    depth = limits.depth
    try:
        return _parse_large(data, depth) if len(data) > _LARGE else _parse_small(data, depth)
    except UnicodeDecodeError as error:
        raise Malformed("Parse error: not UTF-8") from error
    except RecursionError as error:
        raise Malformed(_TOO_DEEP.format(depth)) from error
    except (ValueError, msgspec.DecodeError) as error:
        raise Malformed("Parse error: not JSON, or a duplicate key, or a value out of range") from error


_TOO_DEEP = "Parse error: nested deeper than {} levels"


def _parse_small(data: bytes, depth: int) -> Any:
    tree = _hooked.decode(data.decode())
    if b"\\" in data:
        _plain.decode(data)  # refuses lone surrogates
    # With no more brackets than levels allowed there is no need to look closer.
    if data.count(b"{") + data.count(b"[") > depth:
        _containers(tree, depth)
    return tree


def _parse_large(data: bytes, depth: int) -> Any:
    tree = _plain.decode(data)
    containers = _containers(tree, depth)
    kept = sum(len(node) for node in containers if type(node) is dict)
    colons = data.count(b":")
    # Each pair of the text has a colon. Those not explained by a key that is still there are inside strings, or
    # belonged to a duplicate; escaped ones would spoil the sum.
    if colons != kept and (b"\\u003" in data or colons != kept + _colons_in_strings(containers)):
        _hooked.decode(data.decode())
    return tree


def _containers(tree: Any, depth: int) -> list[_Container]:
    found: list[_Container] = []
    level: list[_Container] = [tree] if type(tree) in _CONTAINERS else []
    for _ in range(depth):
        found += level
        members: Iterable[Any] = chain.from_iterable([x.values() if isinstance(x, dict) else x for x in level])
        level = [member for member in members if type(member) in _CONTAINERS]
        if not level:
            return found
    raise Malformed(_TOO_DEEP.format(depth))


def _colons_in_strings(containers: list[_Container]) -> int:
    count = 0
    for node in containers:
        texts = chain(node, node.values()) if type(node) is dict else node
        count += sum(text.count(":") for text in texts if type(text) is str)
    return count


def _is_crowded(data: bytes, most: int) -> bool:
    """Whether the text holds more objects and arrays than that; found out before memory is spent on them."""
    # Each takes two bytes at least. Most large texts are few strings: finding a handful is faster than counting.
    if len(data) <= 2 * most or (_has_at_most(data, b"[", 500) and _has_at_most(data, b"{", 500)):
        return False
    if data.count(b"[") + data.count(b"{") <= most:
        return False
    unescaped = data.replace(b"\\\\", b"").replace(b'\\"', b"")
    outside = b"".join(unescaped.split(b'"')[::2])  # every second piece is inside a string
    return outside.count(b"[") + outside.count(b"{") > most


def _has_at_most(data: bytes, byte: bytes, most: int) -> bool:
    at = data.find(byte)
    for _ in range(most):
        if at < 0:
            return True
        at = data.find(byte, at + 1)
    return at < 0


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("duplicate key")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError("number out of range")
    return number


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


_hooked = json.JSONDecoder(object_pairs_hook=_object, parse_float=_finite, parse_constant=_no_constant)
_plain = msgspec.json.Decoder()
