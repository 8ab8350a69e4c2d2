"""What happened to a session beside what its calls asked for; told with the next answer."""

from collections import deque
from typing import Literal

from msgspec import Struct

Kind = Literal[
    "console_error",
    "blocked",
    "download",
    "popup",
    "dialog_dismissed",
    "dialog_accepted",
    "filechooser",
    "crashed",
    "browser_restarted",
    "evicted",
    "closed",
]
MOST = 50
MOST_TEXT = 500


class Event(Struct, frozen=True, omit_defaults=True):
    """One thing that happened; `uri` leads to more where there is more."""

    kind: Kind
    text: str
    tab: str | None = None
    uri: str | None = None
    count: int = 1


class Events:
    """The events that were not told yet; a flood of equal ones is one with a count."""

    def __init__(self) -> None:
        self._waiting: deque[Event] = deque(maxlen=MOST)

    def add(self, kind: Kind, text: str, *, tab: str | None = None, uri: str | None = None) -> None:
        """Note an event."""
        text = text[:MOST_TEXT]
        for index, known in enumerate(self._waiting):
            if (known.kind, known.text, known.tab, known.uri) == (kind, text, tab, uri):
                self._waiting[index] = Event(kind, text, tab, uri, known.count + 1)
                return
        self._waiting.append(Event(kind, text, tab, uri))

    def take(self) -> list[Event]:
        """All of them, which are told now."""
        told = list(self._waiting)
        self._waiting.clear()
        return told
