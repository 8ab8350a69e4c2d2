"""One tab: its page, what is open over it, what it logged, the snapshots that were given of it."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
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


class Tab:
    """One tab of a session; `id` stays the same for its whole life."""

    def __init__(self, ident: str, page: "Page", opener: str | None = None) -> None:
        self.id = ident
        self.page = page
        self.opener = opener
        self.lock = asyncio.Lock()
        self.console: Ring[ConsoleEntry] = Ring()
        self.requests: Ring[RequestEntry] = Ring()
        self.traffic = Traffic()
        self.snapshots: OrderedDict[int, Snapshot] = OrderedDict()
        self.snapshot_signal = Signal()
        self.given: int | None = None
        """The generation that the caller was shown last; differences are told against it."""
        self.shown_nodes = 0
        self.modal: Modal | None = None
        self.chooser: FileChooser | None = None
        self.used = True
        """Whether anybody has used it since its garbage was collected."""
        self.collected = 0
        """How many documents there had been then."""
        self.crashed = False
        self.closed = False
        self.url = ""
        self.status: int | None = None
        self.refusal: ToolError | None = None
        """Why the last navigation of the tab was refused, until it is told."""
        self.typed: list[tuple[str, str]] = []
        """The URLs of documents that a secret was typed into, and the secret: pictures hide it there."""
        self.interrupted = asyncio.Event()
        """Set while nothing on the page can be waited for: a dialog is open, or the page is gone."""
        self._generation = 0

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
