"""Calls that wait for their answer, by id: 1 and "1" are different, as they are in JSON."""

from typing import Generic, TypeVar

from mcp_protocol.errors import InvalidRequest
from mcp_protocol.jsonrpc.messages import RequestId

T = TypeVar("T")


class Pending(Generic[T]):
    """Who waits for which id; every waiter is handed out exactly once."""

    def __init__(self) -> None:
        """Nobody waits yet."""
        # Keyed by type too: to Python 1, 1.0 and True are the same key.
        self._waiters: dict[tuple[type, RequestId], T] = {}

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiters)

    def __contains__(self, id_: object) -> bool:
        """Whether somebody waits for this id."""
        return (type(id_), id_) in self._waiters

    def register(self, id_: RequestId, waiter: T) -> None:
        """Let `waiter` wait for this id; an id still in flight is refused."""
        if id_ in self:
            raise InvalidRequest("This request id is still in use")
        self._waiters[type(id_), id_] = waiter

    def get(self, id_: RequestId) -> T | None:
        """Who waits for this id, without ending the wait."""
        return self._waiters.get((type(id_), id_))

    def complete(self, id_: RequestId) -> T | None:
        """End the wait for this id: the waiter, or None when nobody waits (any more)."""
        return self._waiters.pop((type(id_), id_), None)

    def drain(self) -> list[T]:
        """End all waits, oldest first: the connection is gone."""
        waiters = list(self._waiters.values())
        self._waiters.clear()
        return waiters
