"""What a tab remembers of its console and its requests: bounded, numbered without gaps in their order."""

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from mcp_ref_browser.sessions.signals import Signal

if TYPE_CHECKING:
    from playwright.async_api import Request

MOST_ENTRIES = 500
MOST_TEXT = 2000

Level = Literal["error", "warning", "info", "debug"]
SEVERITY: dict[Level, int] = {"error": 3, "warning": 2, "info": 1, "debug": 0}
_LEVELS: dict[str, Level] = {"error": "error", "assert": "error", "warning": "warning", "debug": "debug"}
# What a page is decorated with; nobody looks for a fault there first.
STATIC = frozenset({"image", "stylesheet", "font", "media", "script", "manifest", "texttrack"})


@dataclass
class ConsoleEntry:
    """One line that a page wrote, or one of its errors that nothing caught."""

    level: Level
    text: str
    where: str
    id: int = 0


@dataclass
class RequestEntry:
    """One request of a page, and what became of it."""

    method: str
    url: str
    type: str
    request: "Request"
    id: int = 0
    status: int | None = None
    failure: str | None = None
    started: float = field(default_factory=time.monotonic)
    ended: float | None = None

    @property
    def is_static(self) -> bool:
        """Whether it is decoration that arrived."""
        return self.type in STATIC and self.failure is None


Entry = TypeVar("Entry", ConsoleEntry, RequestEntry)


class Ring(Generic[Entry]):
    """The last entries; `signal` fires at each new or changed one. `since` is the first id after a navigation."""

    def __init__(self, most: int = MOST_ENTRIES) -> None:
        self._entries: deque[Entry] = deque(maxlen=most)
        self._next = 1
        self.since = 1
        self.signal = Signal()

    def add(self, entry: Entry) -> None:
        """Number an entry and keep it."""
        entry.id = self._next
        self._next += 1
        self._entries.append(entry)
        self.signal.fire()

    def begin(self) -> None:
        """A new document: what came before is shown only on request."""
        self.since = self._next

    def get(self, number: int) -> Entry | None:
        """The entry of this number, unless it is too old."""
        return next((entry for entry in self._entries if entry.id == number), None)

    def __iter__(self) -> Iterator[Entry]:
        """Go through them, oldest first."""
        return iter(self._entries)

    def __len__(self) -> int:
        """Count them."""
        return len(self._entries)


def level_of(kind: str) -> Level:
    """The level of a kind of console message."""
    return _LEVELS.get(kind, "info")
