"""How many things still fit on a page that is no table of rows: objects, keys, entries. Pure."""

from collections.abc import Iterable
from typing import Any, TypeVar

from mcp_ref_kit.db.rows.formats import as_json

T = TypeVar("T")

# Of a result's characters, what its things may take: cursors, counts and names take the rest.
_SHARE = 3, 4


def budget(most: int) -> int:
    """Bytes for the things in a result that may have so many characters."""
    return most * _SHARE[0] // _SHARE[1]


class Room:
    """Bytes of JSON that are left. One thing always fits: what is too large alone has been cut before."""

    def __init__(self, most: int) -> None:
        self._left = most
        self._taken = 0

    def fits(self, thing: Any) -> bool:
        """Whether it fits; nothing is taken."""
        return len(as_json(thing)) <= self._left

    def takes(self, thing: Any) -> bool:
        """Whether it fits; its place is taken then."""
        size = len(as_json(thing)) + 1
        if self._taken and size > self._left:
            return False
        self._left -= size
        self._taken += 1
        return True

    def leading(self, things: Iterable[T]) -> list[T]:
        """The first of them, as many as fit."""
        found: list[T] = []
        for thing in things:
            if not self.takes(thing):
                break
            found.append(thing)
        return found
