"""What can be done to a key, type by type: a table from operation to the commands that do it. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, cast

import msgspec
from msgspec import Struct

from mcp_ref_kit.db.calls.errors import bad_argument
from mcp_ref_redis.access.bounds import require_finite, require_path, require_size
from mcp_ref_redis.engine.opening import Vector
from mcp_ref_redis.keyspace.popping import Pop
from mcp_ref_redis.values import bytes_of, scalar_of

UpdateType = Literal["hash", "list", "set", "zset", "json", "counter"]
Operation = Literal[
    "set",
    "add",
    "remove",
    "delete",
    "increment",
    "push_left",
    "push_right",
    "pop_left",
    "pop_right",
    "trim",
    "move",
    "pop_min",
    "pop_max",
    "merge",
    "append",
]


class Wish(Struct, frozen=True, kw_only=True):
    """What a caller wants done; which of it must be given, the operation says."""

    key: bytes
    items: Sequence[Any] | None = None
    fields: Mapping[str, Any] | None = None
    path: str = "$"
    amount: float = 1
    count: int = 1
    options: Mapping[str, Any] = {}
    most_bytes: int = 1024 * 1024

    def values(self) -> list[bytes]:
        """`items` as bytes; there must be some."""
        if not self.items:
            raise bad_argument("items", "must hold at least one item")
        found = [scalar_of(f"items[{at}]", item) for at, item in enumerate(self.items)]
        return [require_size(f"items[{at}]", item, self.most_bytes) for at, item in enumerate(found)]

    def one(self) -> bytes:
        """The only item."""
        found = self.values()
        if len(found) != 1:
            raise bad_argument("items", "must hold exactly one item for this operation")
        return found[0]

    def option(self, name: str, usual: int | None = None) -> int:
        """A whole number among `options`."""
        value = self.options.get(name, usual)
        if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 2**53:
            raise bad_argument(f"options.{name}", "must be a whole number")
        return value

    def step(self) -> tuple[bool, bytes]:
        """Whether `amount` is whole, and its digits; as JSON has numbers, those beyond 2**53 are not what was sent."""
        if not float(self.amount).is_integer():
            return False, require_finite("amount", self.amount)
        if abs(self.amount) >= 2**53:
            raise bad_argument("amount", "must be a whole number below 2**53, or a fraction")
        return True, b"%d" % int(self.amount)


class Change(Struct, frozen=True, kw_only=True):
    """The commands of one operation, how many changes their replies amount to, and which of them tell a result."""

    commands: list[Vector]
    changed: Callable[[Any], int]
    tells: bool = False
    in_json: bool = False
    """The result is JSON, be it as text."""
    other: bytes | None = None
    """Another key that it writes."""
    pop: Pop | None = None
    """What it takes away is its answer: see `popping`."""


def change(kind: str, op: str, wish: Wish) -> Change:
    """The change that an operation is.

    Raises:
        DbError: `invalid_argument`; the type has no such operation, or an argument does not fit it.
    """
    row = _TABLE.get((kind, op))
    if row is None:
        known = [operation for of, operation in _TABLE if of == kind]
        raise bad_argument("op", f"cannot be {op} for a {kind}", hint=f"There are {', '.join(known)}.")
    _require_known(wish, kind, op, row)
    return row.make(wish)


def _require_known(wish: Wish, kind: str, op: str, row: "Row") -> None:
    given = {"items": wish.items is not None, "fields": wish.fields is not None, "options": bool(wish.options)}
    takes = [*row.takes, *(["options"] if row.options else [])]
    for name, there in given.items():
        if there and name not in takes:
            words = ", ".join(takes) or "nothing"
            raise bad_argument(name, f"means nothing to {op} of a {kind}", hint=f"It takes {words}.")
    if unknown := wish.options.keys() - set(row.options):
        raise bad_argument("options", f"has no {min(unknown)!r}", hint=f"There are {', '.join(row.options)}.")


def _count(reply: Any) -> int:
    return reply if isinstance(reply, int) else 0 if reply is None else 1


def _matched(reply: Any) -> int:
    """What stands at each place that a path has found; null where it was of another kind."""
    found = from_json(reply)
    return sum(one is not None for one in (cast("list[Any]", found) if isinstance(found, list) else [found]))


def from_json(reply: Any) -> Any:
    """What RESP2 tells as a text, RESP3 as it is."""
    return msgspec.json.decode(reply) if isinstance(reply, bytes) else reply


def _always(reply: Any) -> int:
    del reply
    return 1


def _simple(name: bytes) -> Callable[[Wish], Change]:
    """A command that takes the items and answers how many it changed."""
    return lambda wish: Change(commands=[(name, wish.key, *wish.values())], changed=_count)


def _pushing(name: bytes) -> Callable[[Wish], Change]:
    def make(wish: Wish) -> Change:
        values = wish.values()
        return Change(commands=[(name, wish.key, *values)], changed=lambda _: len(values))

    return make


def _popping(pop: Pop) -> Callable[[Wish], Change]:
    def make(wish: Wish) -> Change:
        if not 1 <= wish.count <= 10_000:  # noqa: PLR2004  the engine builds the reply before it sends any of it
            raise bad_argument("count", "must be between 1 and 10000")
        return Change(commands=[], changed=_count, pop=pop)

    return make


def _hash_set(wish: Wish) -> Change:
    if not wish.fields:
        raise bad_argument("fields", "must hold at least one field")
    pairs = [(bytes_of("fields", name), scalar_of(f"fields.{name}", value)) for name, value in wish.fields.items()]
    flat = [part for pair in pairs for part in pair]
    for part in flat:
        require_size("fields", part, wish.most_bytes)
    return Change(commands=[(b"HSET", wish.key, *flat)], changed=lambda _: len(pairs))


def _hash_increment(wish: Wish) -> Change:
    whole, amount = wish.step()
    name = b"HINCRBY" if whole else b"HINCRBYFLOAT"
    return Change(commands=[(name, wish.key, wish.one(), amount)], changed=_always, tells=True)


def _counter(wish: Wish) -> Change:
    whole, amount = wish.step()
    name = b"INCRBY" if whole else b"INCRBYFLOAT"
    return Change(commands=[(name, wish.key, amount)], changed=_always, tells=True)


def _list_set(wish: Wish) -> Change:
    return Change(commands=[(b"LSET", wish.key, b"%d" % wish.option("index"), wish.one())], changed=_always)


def _list_remove(wish: Wish) -> Change:
    return Change(commands=[(b"LREM", wish.key, b"%d" % wish.option("count", 0), wish.one())], changed=_count)


def _list_trim(wish: Wish) -> Change:
    bounds = (b"%d" % wish.option("start"), b"%d" % wish.option("stop"))
    return Change(commands=[(b"LTRIM", wish.key, *bounds)], changed=_always)


def _set_move(wish: Wish) -> Change:
    target = bytes_of("options.to", wish.options.get("to"))
    return Change(
        commands=[(b"SMOVE", wish.key, target, value) for value in wish.values()], changed=_count, other=target
    )


def _zset_add(wish: Wish) -> Change:
    for name, value in wish.options.items():
        if not isinstance(value, bool):
            raise bad_argument(f"options.{name}", "must be true or false")
    flags = [name.upper().encode() for name, value in wish.options.items() if value]
    pairs = [part for at, item in enumerate(wish.items or ()) for part in _scored(f"items[{at}]", item, wish)]
    if not pairs:
        raise bad_argument("items", 'must hold at least one {"member", "score"}')
    return Change(commands=[(b"ZADD", wish.key, *flags, b"CH", *pairs)], changed=_count)


def _scored(name: str, item: Any, wish: Wish) -> tuple[bytes, bytes]:
    members = cast("dict[str, Any]", item) if isinstance(item, dict) else {}
    score = members.get("score")
    if members.keys() != {"member", "score"} or not isinstance(score, int | float) or isinstance(score, bool):
        raise bad_argument(name, 'must be {"member": ..., "score": number}')
    member = require_size(name, scalar_of(name, members["member"]), wish.most_bytes)
    return require_finite(f"{name}.score", score), member


def _zset_increment(wish: Wish) -> Change:
    amount = require_finite("amount", wish.amount)
    return Change(commands=[(b"ZINCRBY", wish.key, amount, wish.one())], changed=_always, tells=True)


def _document(wish: Wish) -> bytes:
    """The one item as JSON text."""
    if wish.items is None or len(wish.items) != 1:
        raise bad_argument("items", "must hold the JSON value, and nothing else")
    return require_size("items[0]", msgspec.json.encode(wish.items[0]), wish.most_bytes)


def _json(name: bytes) -> Callable[[Wish], Change]:
    def make(wish: Wish) -> Change:
        return Change(commands=[(name, wish.key, require_path(wish.path), _document(wish))], changed=_count)

    return make


def _json_delete(wish: Wish) -> Change:
    return Change(commands=[(b"JSON.DEL", wish.key, require_path(wish.path))], changed=_count)


def _json_append(wish: Wish) -> Change:
    if not wish.items:
        raise bad_argument("items", "must hold at least one JSON value")
    texts = [require_size("items", msgspec.json.encode(item), wish.most_bytes) for item in wish.items]
    return Change(
        commands=[(b"JSON.ARRAPPEND", wish.key, require_path(wish.path), *texts)], changed=_matched, tells=True
    )


def _json_increment(wish: Wish) -> Change:
    amount = require_finite("amount", wish.amount)
    command = (b"JSON.NUMINCRBY", wish.key, require_path(wish.path), amount)
    return Change(commands=[command], changed=_matched, tells=True, in_json=True)


class Row(Struct, frozen=True):
    """One operation: how it is made, which arguments it takes, and which options."""

    make: Callable[[Wish], Change]
    takes: tuple[str, ...] = ("items",)
    options: tuple[str, ...] = ()


_TABLE: Mapping[tuple[str, str], Row] = {
    ("hash", "set"): Row(_hash_set, ("fields",)),
    ("hash", "delete"): Row(_simple(b"HDEL")),
    ("hash", "increment"): Row(_hash_increment),
    ("list", "push_left"): Row(_pushing(b"LPUSH")),
    ("list", "push_right"): Row(_pushing(b"RPUSH")),
    ("list", "pop_left"): Row(_popping(Pop(b"LPOP", b"LRANGE", scored=False)), ()),
    ("list", "pop_right"): Row(_popping(Pop(b"RPOP", b"LRANGE", scored=False, from_end=True)), ()),
    ("list", "set"): Row(_list_set, options=("index",)),
    ("list", "remove"): Row(_list_remove, options=("count",)),
    ("list", "trim"): Row(_list_trim, (), ("start", "stop")),
    ("set", "add"): Row(_simple(b"SADD")),
    ("set", "remove"): Row(_simple(b"SREM")),
    ("set", "move"): Row(_set_move, options=("to",)),
    ("zset", "add"): Row(_zset_add, options=("nx", "xx", "gt", "lt")),
    ("zset", "remove"): Row(_simple(b"ZREM")),
    ("zset", "increment"): Row(_zset_increment),
    ("zset", "pop_min"): Row(_popping(Pop(b"ZPOPMIN", b"ZRANGE", scored=True)), ()),
    ("zset", "pop_max"): Row(_popping(Pop(b"ZPOPMAX", b"ZREVRANGE", scored=True)), ()),
    ("json", "set"): Row(_json(b"JSON.SET")),
    ("json", "merge"): Row(_json(b"JSON.MERGE")),
    ("json", "delete"): Row(_json_delete, ()),
    ("json", "append"): Row(_json_append),
    ("json", "increment"): Row(_json_increment, ()),
    ("counter", "increment"): Row(_counter, ()),
}
OPERATIONS = tuple(_TABLE)
