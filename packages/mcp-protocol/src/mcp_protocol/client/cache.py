"""Results that the server lets its client keep for a while (2026-07-28, "Caching"), until it tells of a change."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec
from msgspec import Raw, Struct, field

from mcp_protocol.jsonrpc import Notification

_ENTRIES = 256
_BYTES = 16 * 1024 * 1024
_LONGEST_MS = 24 * 60 * 60 * 1000

_READ = "resources/read"
_UPDATED = "notifications/resources/updated"
# Which results are no longer true after which notification.
_MADE_STALE = {
    "notifications/tools/list_changed": ("tools/list",),
    "notifications/prompts/list_changed": ("prompts/list",),
    "notifications/resources/list_changed": ("resources/list", "resources/templates/list"),
}

Key = tuple[str, bytes]


class _Hints(Struct):
    ttl: int = field(default=0, name="ttlMs")
    scope: Literal["public", "private"] = field(default="private", name="cacheScope")


_hints = msgspec.json.Decoder(_Hints)


class _Entry(Struct, frozen=True):
    result: Raw
    until: float
    generation: int | None
    """Whose it is; None for everyone's."""
    uri: str | None


class Cache:
    """Keeps results by method and params; small, and never across the authorizations of two users."""

    def __init__(self, clock: Callable[[], float], generation: Callable[[], int]) -> None:
        """`clock` in seconds; `generation` is another number for another authorization."""
        self.changes = 0
        """How often something became stale: what was asked for before may have been answered before, too."""
        self._clock = clock
        self._generation = generation
        self._entries: dict[Key, _Entry] = {}
        self._size = 0

    def get(self, method: str, params: Mapping[str, Any]) -> Raw | None:
        """The result of this request, if it is still fresh and ours."""
        entry = self._entries.get(_key(method, params))
        if entry is None or entry.until <= self._clock() or entry.generation not in {None, self._generation()}:
            return None
        return entry.result

    def put(self, method: str, params: Mapping[str, Any], result: Raw, changes: int) -> None:
        """Keep a result if the server says for how long; `changes` as it was when the request was sent."""
        try:
            hints = _hints.decode(result)
        except msgspec.DecodeError:
            return  # hints that are none
        if hints.ttl <= 0 or changes != self.changes or len(result) > _BYTES // 4:
            return
        until = self._clock() + min(hints.ttl, _LONGEST_MS) / 1000
        generation = None if hints.scope == "public" else self._generation()
        key = _key(method, params)
        self._remove(key)
        self._entries[key] = _Entry(Raw(bytes(result)), until, generation, params.get("uri"))
        self._size += len(result)
        while len(self._entries) > _ENTRIES or self._size > _BYTES:
            self._remove(next(iter(self._entries)))

    def hear(self, notice: Notification) -> None:
        """Forget what a notification makes stale."""
        for method in _MADE_STALE.get(notice.method, ()):
            self.drop(method)
        if notice.method == _UPDATED:
            self._drop_resource(str(notice.params.get("uri", "")))

    def drop(self, method: str | None = None) -> None:
        """Forget all results of a method, or of every method."""
        self.changes += 1
        for key in [key for key in self._entries if method in {None, key[0]}]:
            self._remove(key)

    def _drop_resource(self, uri: str) -> None:
        """Also what it is a part of: a change is told of the part, too."""
        self.changes += 1
        for key, entry in list(self._entries.items()):
            if key[0] == _READ and entry.uri is not None and uri.startswith(entry.uri):
                self._remove(key)

    def _remove(self, key: Key) -> None:
        entry = self._entries.pop(key, None)
        self._size -= len(entry.result) if entry else 0


def _key(method: str, params: Mapping[str, Any]) -> Key:
    return method, msgspec.json.encode(params, order="sorted")
