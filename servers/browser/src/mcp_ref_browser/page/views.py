"""What of a snapshot is shown: all of it or what has changed, within the budget, and where the rest begins."""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from mcp_ref_browser.page.diff import changes, rendered
from mcp_ref_browser.page.tree import trail
from mcp_ref_browser.sessions.tab import Snapshot, Tab

Mode = Literal["full", "diff", "unchanged"]
LEAST_ROOM = 200


class View(Struct, frozen=True):
    """A part of a snapshot for one answer. `next` is the node that the rest begins with."""

    mode: Mode
    text: str
    generation: int
    shown: int
    total: int
    next: int | None = None

    @property
    def truncated(self) -> bool:
        """Whether something is left."""
        return self.next is not None


def page_of(snapshot: Snapshot, start: int, budget: int) -> View:
    """A page of a snapshot from a node on; what the node is in stands before it, without refs."""
    lines = snapshot.lines
    where = f"(inside: {trail(lines, start)})" if start and start < len(lines) else ""
    shown, end = cut(lines, start, budget - len(where))
    text = "\n".join(([where] if len(where) > len("(inside: )") else []) + shown)
    left = end if end < len(lines) else None
    return View("full", text, snapshot.generation, end - start, len(lines), left)


def against(tab: Tab, snapshot: Snapshot, budget: int, *, insist: bool) -> View:
    """What has changed since the caller was last shown the tab; all of it where that is the shorter way to say it.

    `insist`: a diff was asked for, so that its length does not matter.
    """
    base = None if tab.given is None else tab.snapshots.get(tab.given)
    if base is None or base.document != snapshot.document:
        return page_of(snapshot, 0, budget)
    found = changes(base.lines, snapshot.lines)
    if found is None:
        return page_of(snapshot, 0, budget)
    if not found:
        return View("unchanged", "", snapshot.generation, 0, len(snapshot.lines))
    lines = rendered(base.lines, snapshot.lines, found)
    size = sum(map(len, lines))
    if not insist and size > sum(map(len, snapshot.lines)) / 2:
        return page_of(snapshot, 0, budget)
    shown, end = cut(lines, 0, budget)
    if end < len(lines):
        return page_of(snapshot, 0, budget)
    return View("diff", "\n".join(shown), snapshot.generation, len(shown), len(snapshot.lines))


def cut(lines: Sequence[str], start: int, budget: int) -> tuple[list[str], int]:
    """Whole lines that fit, at least one, and the index of the first that does not."""
    room = max(budget, LEAST_ROOM)
    if sum(map(len, lines)) + len(lines) <= room:
        return list(lines[start:]), len(lines)
    out: list[str] = []
    at = start
    while at < len(lines):
        line = lines[at] if len(lines[at]) <= room or out else f"{lines[at][: room - 1]}…"
        room -= len(line) + 1
        if room < 0 and out:
            break
        out.append(line)
        at += 1
    return out, at


def cut_text(text: str, start: int, budget: int) -> tuple[str, int | None]:
    """A part of a long text that ends at a line where one ends near enough, and where the rest begins."""
    end = start + max(budget, LEAST_ROOM)
    if end >= len(text):
        return text[start:], None
    line = text.rfind("\n", start + (end - start) * 3 // 4, end)
    end = line + 1 if line > start else end
    return text[start:end], end
