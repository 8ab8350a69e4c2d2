"""Which node of a cluster holds which slots, and where a redirection leads, read from what nodes say. Pure."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from mcp_ref_kit.db.calls.errors import DbError
from mcp_ref_redis.engine.faults import unreachable
from mcp_ref_redis.engine.resp import Fault

_WORDS = 3
_LAST_SLOT = 16_383
_LAST_PORT = 65_535


class Slots(Struct, frozen=True):
    """Who holds what: ranges of slots in order, each with its node as HOST:PORT."""

    ranges: tuple[tuple[int, int, str], ...]

    @property
    def nodes(self) -> list[str]:
        """All primaries, each once."""
        return list(dict.fromkeys(node for _, _, node in self.ranges))

    def node(self, slot: int) -> str | None:
        """The holder of a slot."""
        at = bisect_right(self.ranges, (slot, _LAST_SLOT + 1)) - 1
        return self.ranges[at][2] if at >= 0 and self.ranges[at][1] >= slot else None


class Redirection(Struct, frozen=True):
    """MOVED, or ASK for this one command, to a node."""

    slot: int
    node: str
    asking: bool


def read_slots(reply: Any, home: str) -> Slots:
    """The reply of CLUSTER SLOTS; a node that does not know its own address is at `home`, where it was asked.

    Raises:
        ToolError: `connection`, it is no such reply; `busy`, the cluster is still being made.
    """
    try:
        ranges = sorted((_slot(first), _slot(last), _named(node, home)) for first, last, node, *_ in reply)
    except (TypeError, ValueError, AttributeError, LookupError) as error:
        raise unreachable("what answers there does not speak of slots") from error
    if not ranges:
        raise DbError("The cluster has no slots yet.", code="busy")
    return Slots(tuple(ranges))


def redirection(reply: Any, home: str) -> Redirection | None:
    """`MOVED 3999 127.0.0.1:6381` or `ASK ...`, if a reply is one."""
    if not isinstance(reply, Fault) or reply.word not in ("MOVED", "ASK"):
        return None
    words = reply.text.split()
    if len(words) != _WORDS or not words[1].isdecimal():
        return None
    node = words[2] if not words[2].startswith(":") else f"{home}{words[2]}"
    return Redirection(int(words[1]), node, reply.word == "ASK")


def _named(node: Sequence[Any], home: str) -> str:
    host, port = (node[0] or b"").decode("utf-8", "replace"), node[1]
    if not isinstance(port, int) or not 0 < port <= _LAST_PORT:
        raise ValueError(port)
    return f"{home if host in ('', '?') else host}:{port}"


def _slot(number: Any) -> int:
    if not isinstance(number, int) or not 0 <= number <= _LAST_SLOT:
        raise ValueError(number)
    return number
