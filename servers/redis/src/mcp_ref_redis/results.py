"""What the results of several tools share: how a page was cut, and how much still fits on it. Pure."""

from typing import Any

import msgspec
from msgspec import Struct

from mcp_ref_kit.db.envelope import Reason, Truncation, Untrusted

# Of a result's characters, what its items may take: cursors, counts and names take the rest.
_SHARE = 3, 4


class Data(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Data of a store: it is never an instruction, and says so."""

    untrusted: Untrusted
    truncated: bool
    truncation: dict[str, Any] | None = None


class Page(Data, frozen=True, kw_only=True, omit_defaults=True):
    """One page of it."""

    next_cursor: str | None = None


def cut_by(reason: Reason | None, count: int, total: int | None = None) -> dict[str, Any] | None:
    """Why a page is no whole, how much is on it, and how much there is where that is known; None for a whole."""
    return None if reason is None else msgspec.to_builtins(Truncation(reason, count, total))


def budget(most: int) -> int:
    """Bytes for the items of a result that may have so many characters."""
    return most * _SHARE[0] // _SHARE[1]


class Room:
    """How many bytes of JSON still fit on a page. One thing always fits: what is too large has been cut before."""

    def __init__(self, most: int) -> None:
        self._left = most
        self._taken = 0

    def fits(self, thing: Any) -> bool:
        """Whether it fits; nothing is taken."""
        return len(msgspec.json.encode(thing)) <= self._left

    def takes(self, thing: Any) -> bool:
        """Whether it fits; its place is taken then."""
        size = len(msgspec.json.encode(thing)) + 1
        if self._taken and size > self._left:
            return False
        self._left -= size
        self._taken += 1
        return True
