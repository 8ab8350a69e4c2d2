"""Values to JSON bytes: the one encoder, which never fails for data that JSON can carry after repair."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, cast

import msgspec
from msgspec import NODEFAULT, UNSET, Struct
from msgspec.structs import fields

_encoder = msgspec.json.Encoder()
_DELETE = b"\x7f"
_COLLECTIONS = (list, dict, set)
# U+0080 to U+009F as UTF-8. In JSON they can only stand inside of strings.
_LATE_CONTROLS = re.compile(rb"\x7f|\xc2[\x80-\x9f]")


def encode(value: Any) -> bytes:
    """One line of UTF-8 JSON: lone surrogates become U+FFFD; NaN and the infinities become null."""
    try:
        data = _encoder.encode(value)
    except UnicodeEncodeError:
        data = _encoder.encode(_repaired(value))
    return one_line(data)


def one_line(data: bytes) -> bytes:
    """JSON without newlines, which only ready-made JSON from elsewhere can have between its tokens."""
    return msgspec.json.format(data, indent=-1) if b"\n" in data or b"\r" in data else data


def without_controls(data: bytes) -> bytes:
    """JSON without any raw control character: DEL and those beyond ASCII, which terminals obey, are escaped, too."""
    if data.isascii() and _DELETE not in data:  # nearly always, and at a tenth of the search's cost
        return data
    return _LATE_CONTROLS.sub(_escaped, data)


def _escaped(found: re.Match[bytes]) -> bytes:
    return b"\\u00%02x" % found[0][-1]


def members(struct: Struct) -> Iterator[tuple[str, str, Any]]:
    """What would be encoded of a Struct: (attribute, wire name, value); its tag comes first, without an attribute."""
    config = struct.__struct_config__
    if config.tag_field is not None:
        yield "", config.tag_field, config.tag
    for name, wire_name, default in _layout(type(struct)):
        value = getattr(struct, name)
        if value is not UNSET and not (config.omit_defaults and _is_default(value, default)):
            yield name, wire_name, value


def _is_default(value: Any, default: Any) -> bool:
    """As msgspec tells it: the very default, or an empty collection where one is made anew for each Struct."""
    return value is default or (default in _COLLECTIONS and type(value) is default and not value)


@cache
def _layout(kind: type[Struct]) -> tuple[tuple[str, str, Any], ...]:
    """Of each field: its name, its name on the wire, and its default or what makes it."""
    return tuple(
        (field.name, field.encode_name, field.default_factory if field.default is NODEFAULT else field.default)
        for field in fields(kind)
    )


def _repaired(value: Any) -> Any:
    if isinstance(value, str):
        # Through UTF-16: two halves that belong together are joined, a lone one becomes U+FFFD.
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, Struct):
        return {name: _repaired(member) for _, name, member in members(value)}
    if isinstance(value, Mapping):
        pairs = cast("Mapping[Any, Any]", value)
        return {_repaired(key): _repaired(member) for key, member in pairs.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_repaired(member) for member in cast("list[Any]", value)]
    return value
