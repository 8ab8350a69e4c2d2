"""The one place that fits a value to a revision: what that lacks is left out, or put in a way that it knows.

A 2026-07-28 result also gets its `resultType`, its caching hints and the server's identity, spliced into the bytes.
"""

from functools import cache
from typing import Any, cast, get_args, get_type_hints

import msgspec
from msgspec import Raw, Struct

from mcp_protocol.encoding import encode, members
from mcp_protocol.errors import Code, ProtocolError, ResourceNotFound
from mcp_protocol.revisions import MODERN, Revision
from mcp_protocol.types import downgrade, since
from mcp_protocol.types.lifecycle import SERVER_INFO
from mcp_protocol.types.structs import CacheableResult, Wire

_RESULT_TYPE = b'{"resultType":'
_COMPLETE = _RESULT_TYPE + b'"complete"'
# A cacheable result must say how long it may be kept: one that does not, not at all.
_UNCACHED = _COMPLETE + b',"ttlMs":0,"cacheScope":"private"'
_META = b'"_meta":{'
_IDENTITY = b',"_meta":{"%b":' % SERVER_INFO.encode()


def encode_params(value: Wire, revision: Revision) -> bytes:
    """Params of a request or notification (or any other part of a message) as the revision knows them."""
    return encode(_fitted(value, revision))


Part = bytes | memoryview


def encode_result(result: Wire | bytes, revision: Revision, *, server_info: bytes | None) -> bytes:
    """A result as the revision knows it.

    Bytes are a result object that was encoded before, with `_meta` (if any) as its first member; they are only
    stamped, and stamped once: what comes out of here may go in again. `server_info` is an encoded Implementation.
    """
    return b"".join(result_parts(result, revision, server_info=server_info))


def result_parts(result: Wire | bytes, revision: Revision, *, server_info: bytes | None) -> tuple[Part, ...]:
    """The same in parts, for whoever puts more around it: a large result is then copied once."""
    data = result if isinstance(result, bytes) else encode(_fitted(result, revision))
    if revision not in MODERN or (data is result and data.startswith(_RESULT_TYPE)):
        return (data,)
    if data.startswith(_RESULT_TYPE):  # the Struct says what it is, in its tag
        end = data.index(b'"', len(_RESULT_TYPE) + 1) + 1
        return _stamped(data[:end], data[end:].removeprefix(b","), server_info)
    undecided = isinstance(result, CacheableResult) and result.ttl_ms is None
    return _stamped(_UNCACHED if undecided else _COMPLETE, memoryview(data)[1:], server_info)


def error_code(error: ProtocolError, revision: Revision) -> int:
    """The code of an error: a missing resource had its own before 2026-07-28."""
    if isinstance(error, ResourceNotFound) and revision not in MODERN:
        return int(Code.RESOURCE_NOT_FOUND)
    return int(error.code)


def _stamped(head: bytes, rest: Part, server_info: bytes | None) -> tuple[Part, ...]:
    """`head`, the server's identity in `_meta`, and the rest of the members with their closing brace."""
    begins_with_meta = bytes(rest[: len(_META)]) == _META
    if server_info is None or (begins_with_meta and _names_server(rest)):
        return head, b"" if rest == b"}" else b",", rest
    identity = _IDENTITY + server_info
    if not begins_with_meta:
        return head, identity, b"}" if rest == b"}" else b"},", rest
    rest = rest[len(_META) :]
    return head, identity, b"" if rest[:1] == b"}" else b",", rest


def _names_server(rest: Part) -> bool:
    return SERVER_INFO in _only_meta.decode(b"{" + bytes(rest)).meta


class _OnlyMeta(Struct):
    meta: dict[str, Raw] = msgspec.field(name="_meta")


_only_meta = msgspec.json.Decoder(_OnlyMeta)


def _fitted(value: Wire, revision: Revision) -> Any:
    """The value, or a dict of what the revision knows of it."""
    value = downgrade.understood(value, revision)
    if not _concerned(type(value), revision):
        return value
    lacking, carriers = since.lacking(type(value), revision), _parts(type(value))
    return {
        name: _inside(member, revision) if field in carriers else member
        for field, name, member in members(value)
        if field not in lacking
    }


def _inside(value: Any, revision: Revision) -> Any:
    if isinstance(value, Wire):
        return _fitted(value, revision)
    if isinstance(value, list):
        return [_inside(member, revision) for member in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {key: _inside(member, revision) for key, member in cast("dict[str, Any]", value).items()}
    return value


@cache
def _concerned(kind: type[Wire], revision: Revision) -> bool:
    """Whether the revision lacks a field of this type, or does not understand something that it may hold."""
    parts = {part for found in _parts(kind).values() for part in found}
    return bool(since.lacking(kind, revision)) or any(
        downgrade.changes(part, revision) or _concerned(part, revision) for part in parts
    )


@cache
def _parts(kind: type[Wire]) -> dict[str, list[type[Wire]]]:
    """The fields that hold definitions of the protocol, and which."""
    hints = get_type_hints(kind).items()
    return {name: found for name, hint in hints if (found := _definitions(hint))}


def _definitions(hint: Any) -> list[type[Wire]]:
    if isinstance(hint, type) and issubclass(hint, Wire):
        return [hint]
    return [found for argument in get_args(hint) for found in _definitions(argument)]
