"""Vector sets of Redis 8."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Struct

from mcp_protocol import Toolset, arg
from mcp_ref_kit.db.calls.errors import bad_argument
from mcp_ref_kit.db.program.sources import require_mode
from mcp_ref_kit.db.rows.cells import Cells
from mcp_ref_kit.db.rows.envelope import Untrusted
from mcp_ref_kit.db.rows.room import Room, budget
from mcp_ref_redis.access.bounds import require_size
from mcp_ref_redis.engine.opening import Vector
from mcp_ref_redis.keyspace.windows import pairs_of, score, tree
from mcp_ref_redis.modules.asking import asked
from mcp_ref_redis.state import Ctx, State, reached
from mcp_ref_redis.tools.arguments import CHANGING, Key, Named, key_of
from mcp_ref_redis.values import Given, bytes_of, floats, named

vectors = Toolset[State]("search", default=False)


class VectorResult(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Of search matches (member, score), of info and attributes their value, of add and remove whether it changed."""

    matches: list[Any] | None = None
    info: Any = None
    changed: bool | None = None
    untrusted: Untrusted


@vectors.tool(**CHANGING)
async def vector_set(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    key: Key,
    op: Annotated[Literal["search", "info", "attributes", "add", "remove"], arg("add and remove change it.")],
    values: Annotated[list[float], arg("Vector of search and add.", max_length=32_768)] | None = None,
    member: Annotated[Given, arg("Member; search: near this one.")] | None = None,
    attributes: Annotated[dict[str, Any], arg("Of add.")] | None = None,
    k: Annotated[int, arg("Most matches.", ge=1, le=1000)] = 10,
    database: Named = None,
) -> VectorResult:
    """Search a vector set for neighbours, look at it, add and remove members."""
    most = ctx.state.settings.max_value_bytes
    element = None if member is None else require_size("member", bytes_of("member", member), most)
    vector = None if values is None else floats("values", values)
    async with reached(ctx, database) as db:
        if op in {"add", "remove"}:
            require_mode(db, "read-write")
        name = key_of(db, key)
        words = _MAKERS[op](name, vector, element, k)
        if op == "add" and attributes is not None:
            words = [*words, b"SETATTR", require_size("attributes", msgspec.json.encode(attributes), most)]
        reply = await asked(db, words, "A vector set", write=op in {"add", "remove"})
    if op == "search":
        matches = [{"member": named(one), "score": score(value)} for one, value in pairs_of(reply)]
        kept = Room(budget(ctx.state.settings.max_output_chars)).leading(matches)
        return VectorResult(matches=kept, untrusted=True)
    return _read(op, reply, Cells(ctx.state.settings.max_cell_chars))


def _read(op: str, reply: Any, cells: Cells) -> VectorResult:
    if op in {"add", "remove"}:
        return VectorResult(changed=bool(reply), untrusted=True)
    if op == "attributes":
        return VectorResult(info=None if reply is None else cells.json(reply), untrusted=True)
    return VectorResult(info=None if reply is None else tree(reply, cells, top=True), untrusted=True)


def _searched(key: bytes, vector: bytes | None, element: bytes | None, k: int) -> Vector:
    if (vector is None) == (element is None):
        raise bad_argument("values", "or `member` must be given for search: exactly one of them")
    near = (b"FP32", vector) if vector is not None else (b"ELE", element or b"")
    return (b"VSIM", key, *near, b"WITHSCORES", b"COUNT", b"%d" % k)


def _added(key: bytes, vector: bytes | None, element: bytes | None, k: int) -> Vector:
    del k
    if vector is None or element is None:
        raise bad_argument("values", "and `member` must be given for add")
    return (b"VADD", key, b"FP32", vector, element)


def _of_member(command: bytes) -> Callable[[bytes, bytes | None, bytes | None, int], Vector]:
    def make(key: bytes, vector: bytes | None, element: bytes | None, k: int) -> Vector:
        del vector, k
        if element is None:
            raise bad_argument("member", "must be given")
        return (command, key, element)

    return make


def _told(key: bytes, vector: bytes | None, element: bytes | None, k: int) -> Vector:
    del vector, element, k
    return (b"VINFO", key)


_MAKERS: dict[str, Callable[[bytes, bytes | None, bytes | None, int], Vector]] = {
    "search": _searched,
    "info": _told,
    "attributes": _of_member(b"VGETATTR"),
    "add": _added,
    "remove": _of_member(b"VREM"),
}
