"""One tab: its page, what is open over it, what it logged, the snapshots that were given of it."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msgspec import Struct

from mcp_protocol.errors import ToolError
from mcp_ref_browser.sessions.rings import ConsoleEntry, RequestEntry, Ring
from mcp_ref_browser.sessions.signals import Signal

if TYPE_CHECKING:
    from playwright.async_api import Dialog, FileChooser, Page, Request

GENERATIONS = 4


@dataclass
class Modal:
    """A dialog that stops the page until it is answered."""

    kind: str
    message: str
    default: str
    dialog: "Dialog"


class Snapshot(Struct, frozen=True):
    """What a tab looked like: one line a node, already masked."""

    generation: int
    url: str
    document: int
    lines: list[str]


class Traffic:
    """The requests under way, for whoever waits until they are done."""

    def __init__(self) -> None:
        self.started = 0
        self.navigations = 0
        self.document = 0
        self.open: dict[Request, tuple[int, str]] = {}
        self.wake = asyncio.Event()

    def begin(self, request: "Request", kind: str) -> None:
        """A request goes out."""
        self.started += 1
        self.open[request] = (self.started, kind)
        self.wake.set()

    def end(self, request: "Request") -> None:
        """It has its answer, or none."""
        self.open.pop(request, None)
        self.wake.set()


@dataclass(eq=False)
class Tab:
    """One tab of a session; `id` stays the same for its whole life."""

    id: str
    page: "Page"
    opener: str | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    console: Ring[ConsoleEntry] = field(default_factory=Ring[ConsoleEntry])
    requests: Ring[RequestEntry] = field(default_factory=Ring[RequestEntry])
    traffic: Traffic = field(default_factory=Traffic)
    snapshots: OrderedDict[int, Snapshot] = field(default_factory=OrderedDict[int, Snapshot])
    snapshot_signal: Signal = field(default_factory=Signal)
    given: int | None = None
    """The generation that the caller was shown last; differences are told against it."""
    shown_nodes: int = 0
    modal: Modal | None = None
    chooser: "FileChooser | None" = None
    used: bool = True
    """Whether anybody has used it since its garbage was collected."""
    collected: int = 0
    """How many documents there had been then."""
    crashed: bool = False
    closed: bool = False
    late: bool = False
    """Whether something on the page was waited for in vain since it last answered."""
    stuck: bool = False
    """Whether it could not be navigated away from."""
    url: str = ""
    status: int | None = None
    refusal: ToolError | None = None
    """Why the last navigation of the tab was refused, until it is told."""
    typed: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """The URLs of documents that a secret was typed into, and the secret: pictures hide it there."""
    interrupted: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while nothing on the page can be waited for: a dialog is open, or the page is gone."""
    _generation: int = 0

    def keep(self, lines: list[str], url: str, *, quiet: bool = False) -> Snapshot:
        """Remember what the tab looks like now; `quiet` for whoever is told of new ones and looks because of it."""
        self._generation += 1
        made = Snapshot(self._generation, url, self.traffic.document, lines)
        self.snapshots[made.generation] = made
        while len(self.snapshots) > GENERATIONS:
            self.snapshots.popitem(last=False)
        self.shown_nodes = len(lines)
        if not quiet:
            self.snapshot_signal.fire()
        return made

    def open_modal(self, modal: Modal) -> None:
        """A dialog appeared."""
        self.modal = modal
        self.interrupted.set()

    def close_modal(self) -> None:
        """It is gone."""
        self.modal = None
        if not (self.crashed or self.closed):
            self.interrupted.clear()

    def end(self, *, crashed: bool) -> None:
        """The page is gone."""
        self.crashed = self.crashed or crashed
        self.closed = self.closed or not crashed
        self.interrupted.set()
