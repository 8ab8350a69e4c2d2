"""Walks by SCAN and its kin: bounded by what is wanted, by time and by what was looked at, and resumable at any item.

An engine answers a step with about as many items as it was asked for, or with many more. A place is therefore a cursor
and how many items of its step are done: the next page repeats the step and goes on behind them.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
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
    """Where a walk goes on: in the node of that name, at a cursor, after so many items of its step."""

    cursor: int = 0
    skip: int = 0
    node: str = ""


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
        self._ends: list[int] = []
        self._steps: list[tuple[int, int]] = []

    def begin(self, cursor: int) -> None:
        """The items that follow come from the step at this cursor."""
        self._steps.append((len(self.items), cursor))

    def add(self, item: Item, end: int) -> None:
        """One item, and how many of its step are done with it."""
        self.items.append(item)
        self._ends.append(end)

    def behind(self, count: int) -> Place | None:
        """The place behind the first so many items."""
        if count == len(self.items):
            return self.after
        cursor = next(cursor for first, cursor in reversed(self._steps) if first < count)
        return Place(cursor, self._ends[count - 1], self._node)


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
            walked.visited += max(len(step.items), self._count) - place.skip
            walked.begin(place.cursor)
            end = self._taken(walked, step, place.skip, limit)
            walked.after = None if step.cursor == 0 else Place(step.cursor, 0, self._node)
            if end < len(step.items):
                walked.after = Place(place.cursor, end, self._node)
            if walked.after is not None and (len(walked.items) == limit or self._is_over(walked)):
                walked.reason = "limit" if len(walked.items) == limit else "visited"
                break
        return walked

    def _taken(self, walked: Walked[Item], step: Step[Item], skip: int, limit: int) -> int:
        """Take what counts of a step; how many of its items are done."""
        for index in range(skip, len(step.items)):
            if len(walked.items) == limit:
                return index
            item = step.items[index]
            if self._keep(item):
                walked.add(item, index + 1)
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
