"""Walks by SCAN and its kin: bounded by what is wanted, by time and by what was looked at, and resumable at any item.

An engine answers a step with about as many items as it was asked for, or with many more. A place is therefore a cursor
and the last item of its step that was shown: the next page repeats the step and goes on behind it. Where the engine has
arranged its table anew meanwhile, items come twice; none that was there all the time is missed.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from hashlib import blake2b
from typing import Any, Generic, TypeVar

from msgspec import Struct

from mcp_protocol import ToolError
from mcp_ref_kit.db.rows.envelope import Reason

Item = TypeVar("Item")

STEP = 1000
_MOST_SECONDS = 0.2
_MOST_VISITED = 100_000
_SHRINK = 10


class Place(Struct, frozen=True):
    """Where a walk goes on: in the node of that name, in the step at a cursor, behind the item with this digest.

    `following` is the cursor that came with the step: another one tells of another arrangement, where no item of the
    step can be said to come behind another.
    """

    cursor: int = 0
    node: str = ""
    last: str = ""
    following: int = 0


class Step(Struct, Generic[Item]):
    """What one step of an engine brings."""

    cursor: int
    items: Sequence[Item]


class Walked(Generic[Item]):
    """Items in their order, the place behind all of them, and why the walk ended before its end.

    Of each item it is known where in its step it stood: a page that holds fewer of them goes on behind its last.
    """

    def __init__(self, node: str) -> None:
        self.items: list[Item] = []
        self.after: Place | None = None
        self.visited = 0
        self.reason: Reason | None = None
        self._node = node
        self._steps: list[tuple[int, int, int]] = []

    def begin(self, cursor: int, following: int) -> None:
        """The items that come now are of the step at this cursor."""
        self._steps.append((len(self.items), cursor, following))

    def behind(self, count: int) -> Place | None:
        """The place behind the first so many items."""
        if count == len(self.items):
            return self.after
        cursor, following = next(step[1:] for step in reversed(self._steps) if step[0] < count)
        return Place(cursor, self._node, _digest(self.items[count - 1]), following)


def _digest(item: Any) -> str:
    """What tells a name from others; the value of a field may change."""
    return blake2b(item if isinstance(item, bytes) else item[0], digest_size=8).hexdigest()


def _begin(step: Step[Any], place: Place) -> int:
    """How many items of a step are done, when it is repeated."""
    if not place.last or step.cursor != place.following:
        return 0
    return next((at + 1 for at, item in enumerate(step.items) if _digest(item) == place.last), 0)


class Walk(Generic[Item]):
    """One walk through one node: `step` asks the engine, `keep` says whether an item counts."""

    def __init__(
        self,
        step: Callable[[int, int], Awaitable[Step[Item]]],
        keep: Callable[[Item], bool],
        *,
        node: str = "",
        most_seconds: float = _MOST_SECONDS,
        most_visited: int = _MOST_VISITED,
    ) -> None:
        self._step = step
        self._keep = keep
        self._node = node
        self._end = time.monotonic() + most_seconds
        self._most_visited = most_visited
        self._count = STEP

    async def take(self, limit: int, at: Place, *, count: int = STEP) -> Walked[Item]:
        """At most `limit` items from a place on; `count` is how many an engine should look at in one step."""
        walked = Walked[Item](self._node)
        self._count = count
        walked.after = at
        while walked.after is not None:
            place = walked.after
            step = await self._stepped(place.cursor)
            begin = _begin(step, place)
            walked.visited += max(len(step.items), self._count) - begin
            walked.begin(place.cursor, step.cursor)
            end = self._taken(walked, step, begin, limit)
            walked.after = None if step.cursor == 0 else Place(step.cursor, self._node)
            if end < len(step.items):
                last = _digest(step.items[end - 1]) if end else ""
                walked.after = Place(place.cursor, self._node, last, step.cursor)
            if walked.after is not None and (len(walked.items) == limit or self._is_over(walked)):
                walked.reason = "limit" if len(walked.items) == limit else "visited"
                break
        return walked

    def _taken(self, walked: Walked[Item], step: Step[Item], begin: int, limit: int) -> int:
        """Take what counts of a step; how many of its items are done."""
        for index in range(begin, len(step.items)):
            if len(walked.items) == limit:
                return index
            item = step.items[index]
            if self._keep(item):
                walked.items.append(item)
        return len(step.items)

    def _is_over(self, walked: Walked[Item]) -> bool:
        return time.monotonic() >= self._end or walked.visited >= self._most_visited

    async def _stepped(self, cursor: int) -> Step[Item]:
        """One step; of values too large to come together, fewer at a time."""
        while True:
            try:
                return await self._step(cursor, self._count)
            except ToolError as error:
                if error.code != "too_large" or self._count == 1:
                    raise
                self._count = max(1, self._count // _SHRINK)


def read_step(reply: Any, each: int = 1) -> Step[Any]:
    """The reply of SCAN, or of HSCAN and ZSCAN, whose items are pairs."""
    cursor, items = reply
    if each == 1:
        return Step(int(cursor), items)
    return Step(int(cursor), [(items[at], items[at + 1]) for at in range(0, len(items), 2)])
