"""The names of keys, by SCAN over every node that holds some; never KEYS."""

from collections.abc import Callable, Collection, Sequence

from msgspec import Struct

from mcp_ref_kit.db.rows.envelope import Reason
from mcp_ref_redis.database import Database
from mcp_ref_redis.engine.opening import Vector
from mcp_ref_redis.keyspace import kinds
from mcp_ref_redis.keyspace.walking import STEP, Place, Step, Walk, Walked, read_step


class Scan(Struct, frozen=True, kw_only=True):
    """Which keys are wanted."""

    pattern: bytes = b"*"
    type: str | None = None
    most_seconds: float = 0.2
    most_visited: int = 100_000

    def options(self, db: Database) -> Vector:
        """The words after SCAN and its cursor."""
        pattern = db.jail.pattern(self.pattern)
        matching: Vector = () if pattern == b"*" else (b"MATCH", pattern)
        return (*matching, *(() if self.type is None else (b"TYPE", kinds.written(self.type).encode())))


class Found:
    """Keys in the order of the walk, and where to go on."""

    def __init__(self) -> None:
        self.keys: list[bytes] = []
        self.visited = 0
        self.after: Place | None = None
        self.reason: Reason | None = None
        self._walks: list[tuple[int, Walked[bytes]]] = []

    def add(self, walked: Walked[bytes]) -> None:
        """What the walk through one node has found."""
        self._walks.append((len(self.keys), walked))
        self.keys += walked.items
        self.visited += walked.visited
        self.after, self.reason = walked.after, walked.reason

    def behind(self, count: int) -> Place | None:
        """The place behind the first so many keys."""
        if count == len(self.keys):
            return self.after
        first, walked = next(pair for pair in reversed(self._walks) if pair[0] < count)
        return walked.behind(count - first)


async def scan(db: Database, wanted: Scan, limit: int, at: Place | None, seen: Collection[bytes]) -> Found:
    """At most `limit` keys from a place on, node after node; none of `seen`, and none twice."""
    nodes = sorted(await db.engine.nodes())
    place = at or Place(node=nodes[0])
    found = Found()
    new: set[bytes] = set()
    holds = db.jail.holds

    def keep(key: bytes) -> bool:
        if key in seen or key in new or not holds(key):
            return False
        new.add(key)
        return True

    for node in [node for node in nodes if node >= place.node]:
        place = place if node == place.node else Place(node=node)
        found.add(await _through(db, wanted, place, keep, limit - len(found.keys)))
        following = nodes[nodes.index(node) + 1 :]
        if found.after is None and following:
            found.after = Place(node=following[0])
            found.reason = "limit" if len(found.keys) == limit else None
        if found.reason is not None:
            break
    return found


async def _through(
    db: Database, wanted: Scan, place: Place, keep: Callable[[bytes], bool], limit: int
) -> Walked[bytes]:
    """The walk through one node."""
    options = wanted.options(db)

    async def step(cursor: int, count: int) -> Step[bytes]:
        return read_step(await db.ask(b"SCAN", b"%d" % cursor, *options, b"COUNT", b"%d" % count, node=place.node))

    walk = Walk(step, keep, node=place.node, most_seconds=wanted.most_seconds, most_visited=wanted.most_visited)
    return await walk.take(limit, place, count=STEP if options else max(10, min(STEP, limit)))


async def total(db: Database) -> int:
    """How many keys there are, or 0 where the user may not know."""
    replies = [(await db.run((b"DBSIZE",), node=node))[0] for node in await db.engine.nodes()]
    return sum(reply for reply in replies if isinstance(reply, int))


def described(names: Sequence[bytes], wanted: Sequence[str]) -> list[Vector]:
    """The commands that tell the wanted details of keys, key by key."""
    return [(*_DETAILS[detail], name) for name in names for detail in wanted]


_DETAILS: dict[str, tuple[bytes, ...]] = {
    "type": (b"TYPE",),
    "ttl": (b"PTTL",),
    "size": (b"MEMORY", b"USAGE"),
    "encoding": (b"OBJECT", b"ENCODING"),
}
