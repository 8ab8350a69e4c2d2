"""Bounds of arguments, judged before anything is sent: what a small call could make the engine allocate, or lose."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from mcp_ref_kit.db.calls.errors import DbError
from mcp_ref_redis.access.commands import word

# SETRANGE at 536 870 900 made 513 MB of a call of 40 bytes.
MOST_OFFSET = 16 * 1024 * 1024
# SRANDMEMBER with a count of -10**9 builds its reply in memory before it sends any of it.
MOST_COUNT = 10_000
MOST_TTL_SECONDS = 10 * 366 * 24 * 3600
MOST_PATTERN = 256
MOST_STARS = 8
_DIGITS = 19


def require_pattern(pattern: bytes) -> bytes:
    """A glob that matches in reasonable time; many stars take an engine exponential time (CVE-2022-36021).

    Raises:
        ToolError: `invalid_argument`.
    """
    if len(pattern) > MOST_PATTERN or pattern.count(b"*") > MOST_STARS:
        raise _wrong(f"A pattern has at most {MOST_PATTERN} bytes and {MOST_STARS} asterisks.")
    return pattern


def require_size(name: str, value: bytes, most: int) -> bytes:
    """A value that is not too large to send.

    Raises:
        ToolError: `too_large`.
    """
    if len(value) > most:
        raise DbError(
            f"`{name}` has {len(value)} bytes; at most {most} are allowed.",
            code="too_large",
            hint="Write it in parts, or ask the operator for a larger --max-value-bytes.",
        )
    return value


def require_seconds(name: str, seconds: float) -> int:
    """A time to live in milliseconds.

    Raises:
        ToolError: `invalid_argument`.
    """
    if not 0.001 <= seconds <= MOST_TTL_SECONDS:  # noqa: PLR2004  the engines count milliseconds
        raise _wrong(f"`{name}` must be between 0.001 and {MOST_TTL_SECONDS} seconds, got {seconds:.15g}.")
    return round(seconds * 1000)


def require_path(path: str) -> bytes:
    """A path in a JSON document; a word that begins otherwise could be an option of the module.

    Raises:
        ToolError: `invalid_argument`.
    """
    if not path.startswith(("$", ".")):
        raise _wrong(f"`path` must begin with $, as $.items[0], got {path[:40]!r}.")
    return path.encode()


def require_finite(name: str, value: float) -> bytes:
    """A score as the engine reads it.

    Raises:
        ToolError: `invalid_argument`.
    """
    if not math.isfinite(value):
        raise _wrong(f"`{name}` must be a finite number, got {value}.")
    return repr(float(value)).encode() if not float(value).is_integer() else b"%d" % int(value)


def require_arguments(name: str, arguments: Sequence[bytes], most_bytes: int) -> None:
    """Judge the vector of a raw command; `name` is the command's, as in the table.

    Raises:
        ToolError: `invalid_argument` or `too_large`.
    """
    for at, argument in enumerate(arguments):
        require_size(f"args[{at}]", argument, most_bytes)
    for place, (what, judge) in _PLACES.get(name, {}).items():
        if place < len(arguments):
            judge(name, what, arguments[place])
    words = list(map(word, arguments))
    for at, (what, judge) in _options(name, words):
        judge(name, what, arguments[at])
    if name in {"BITFIELD", "BITFIELD_RO"}:
        _require_fields(name, arguments, words)
    if name == "ZADD":
        _require_scores(arguments)
    if name == "COPY" and "DB" in words[3:]:
        raise _wrong("COPY to another database is not offered.")


def _options(name: str, words: Sequence[str]) -> Iterator[tuple[int, tuple[str, "_Judge"]]]:
    """The places of arguments that follow an option's word."""
    for at, found in enumerate(words[1:-1], 2):
        if found in _KEYWORDS and name not in _HOLD_DATA:
            yield at, _KEYWORDS[found]


def _require_fields(name: str, arguments: Sequence[bytes], words: Sequence[str]) -> None:
    """BITFIELD counts bits, or with # fields of a width."""
    for at, found in enumerate(words[:-2]):
        if found in ("GET", "SET", "INCRBY") and at > 1:
            width = _integer(arguments[at + 1].lstrip(b"iu")) or 64
            hashed = arguments[at + 2].startswith(b"#")
            _offset(width if hashed else 1, name, "offset", arguments[at + 2].lstrip(b"#"))


def _require_scores(arguments: Sequence[bytes]) -> None:
    """The scores of ZADD stand in turn with the members, behind its options, of which none is a number."""
    first = next((at for at in range(2, len(arguments)) if _number(arguments[at]) is not None), len(arguments))
    for at in range(first, len(arguments), 2):
        _score("ZADD", "score", arguments[at])


def _score(name: str, what: str, argument: bytes) -> None:
    value = _number(argument)
    if value is not None and not math.isfinite(value):
        raise _wrong(f"The {what} of {name} must be a finite number, got {argument.decode()}.")


def _number(argument: bytes) -> float | None:
    try:
        return float(argument)
    except ValueError:
        return None


def _offset(bits: int, name: str, what: str, argument: bytes) -> None:
    value = _integer(argument)
    if value is not None and value * bits >= MOST_OFFSET * 8:
        raise _wrong(f"The {what} of {name} must stay below 16 MiB, got {value}.")


def _bytes_offset(name: str, what: str, argument: bytes) -> None:
    _offset(8, name, what, argument)


def _bit_offset(name: str, what: str, argument: bytes) -> None:
    _offset(1, name, what, argument)


def _count(name: str, what: str, argument: bytes) -> None:
    value = _integer(argument)
    if value is not None and abs(value) > MOST_COUNT:
        raise _wrong(f"The {what} of {name} must be between -{MOST_COUNT} and {MOST_COUNT}, got {value}.")


def _lifetime(per_second: int, name: str, what: str, argument: bytes) -> None:
    value = _integer(argument)
    if value is not None and not 0 < value <= MOST_TTL_SECONDS * per_second:
        raise _wrong(f"The {what} of {name} must be positive and within ten years, got {value}.")


def _seconds(name: str, what: str, argument: bytes) -> None:
    _lifetime(1, name, what, argument)


def _milliseconds(name: str, what: str, argument: bytes) -> None:
    _lifetime(1000, name, what, argument)


def _moment(per_second: int, name: str, what: str, argument: bytes) -> None:
    value = _integer(argument)
    now = time.time() * per_second
    if value is not None and not now < value <= now + MOST_TTL_SECONDS * per_second:
        raise _wrong(f"The {what} of {name} must lie in the future and within ten years, got {value}.")


def _second(name: str, what: str, argument: bytes) -> None:
    _moment(1, name, what, argument)


def _millisecond(name: str, what: str, argument: bytes) -> None:
    _moment(1000, name, what, argument)


def _glob(name: str, what: str, argument: bytes) -> None:
    del name, what
    require_pattern(argument)


def _integer(argument: bytes) -> int | None:
    """The number, as the engine reads it; what is none, the engine refuses itself."""
    digits = argument.removeprefix(b"-")
    if not digits.isdigit():
        return None
    if len(digits) > _DIGITS:
        raise _wrong("A number in the arguments has too many digits.")
    return int(argument)


def _wrong(sentence: str) -> DbError:
    return DbError(sentence, code="invalid_argument")


_Judge = Callable[[str, str, bytes], None]
_COUNT = ("count", _count)
_PLACES: Mapping[str, Mapping[int, tuple[str, _Judge]]] = {
    "SETRANGE": {2: ("offset", _bytes_offset)},
    "SETBIT": {2: ("offset", _bit_offset)},
    **{name: {2: _COUNT} for name in ("SRANDMEMBER", "HRANDFIELD", "ZRANDMEMBER")},
    **{name: {2: _COUNT} for name in ("SPOP", "LPOP", "RPOP", "ZPOPMIN", "ZPOPMAX")},
    **{name: {2: ("time", _seconds)} for name in ("EXPIRE", "SETEX", "HEXPIRE")},
    **{name: {2: ("time", _milliseconds)} for name in ("PEXPIRE", "PSETEX", "HPEXPIRE")},
    **{name: {2: ("time", _second)} for name in ("EXPIREAT", "HEXPIREAT")},
    **{name: {2: ("time", _millisecond)} for name in ("PEXPIREAT", "HPEXPIREAT")},
    "ZINCRBY": {2: ("increment", _score)},
}
_KEYWORDS: Mapping[str, tuple[str, _Judge]] = {
    "COUNT": _COUNT,
    "EX": ("time", _seconds),
    "PX": ("time", _milliseconds),
    "EXAT": ("time", _second),
    "PXAT": ("time", _millisecond),
    "MATCH": ("pattern", _glob),
}
# Here such a word may be data.
_HOLD_DATA = frozenset(
    {"ECHO", "PING", "MSET", "MSETNX", "HSET", "HMSET", "SADD", "LPUSH", "RPUSH", "ZADD", "XADD", "DEL", "UNLINK"}
)
