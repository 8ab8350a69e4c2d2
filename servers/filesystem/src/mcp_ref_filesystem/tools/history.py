# ruff: noqa: N803  argument names are the wire's
"""Tools that look at the changes made here and take them back."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Annotated, Any

from msgspec import Struct

from mcp_protocol import Output, ToolError, Toolset, arg
from mcp_ref_filesystem.access.reach import Reach
from mcp_ref_filesystem.change.recording import Job
from mcp_ref_filesystem.history.journal import ID, Journal
from mcp_ref_filesystem.history.scene import Scene
from mcp_ref_filesystem.history.steps import Entry, Moved, Wrote
from mcp_ref_filesystem.history.undo import pending, undo
from mcp_ref_filesystem.results import stamp
from mcp_ref_filesystem.state import Ctx, State
from mcp_ref_filesystem.text.diff import DIFF_CHARS, clipped, fenced, unified
from mcp_ref_filesystem.tools.arguments import LOOKING, Cursor, DryRun
from mcp_ref_kit.content.encodings import detect, safe
from mcp_ref_kit.paths import OutsideRoot, show

history = Toolset[State]("history")

UNDO = "undo_change"
UNDONE = {True: " (undone)", False: ""}
# Paths named of one change; an extracted archive has thousands.
MOST_PATHS = 20
# Larger files are not shown as a diff.
MOST_COMPARED = 4 * 1024 * 1024


class Change(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One change: by which tool, to which paths, when; undone: taken back since."""

    change_id: str
    tool: str
    paths: list[str]
    time: str
    undone: bool


class Changed(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """changes: changeId, tool, paths, time, undone."""

    changes: Sequence[Any]
    truncated: bool
    next_cursor: str | None = None


class Undone(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """changeId: takes this back."""

    restored: list[str]
    change_id: str | None = None


class UndoResult(Undone, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The same, and which change it was."""

    undone: str
    dry_run: bool
    diff: str | None = None


@history.tool(**LOOKING)
async def list_changes(
    ctx: Ctx,
    *,
    path: Annotated[str, arg("Only changes beneath.")] | None = None,
    limit: Annotated[int, arg("Most changes.", ge=1, le=1000)] = 50,
    cursor: Cursor = None,
) -> Output[Changed]:
    """List changes that can be undone, latest first."""
    reach = await ctx.state.reach(ctx)
    arguments = {"path": path, "limit": limit}
    cursors = ctx.state.cursors
    after = None
    if cursor is not None:
        after = cursors.open(cursor, "list_changes", arguments, ctx.principal, position=str, scope=reach.fingerprint)
    journal = ctx.state.changes.journal
    found = await ctx.state.workers.run(listed, journal, reach, path=path, after=after, most=limit + 1)
    more = len(found) > limit
    following = None
    if more:
        last = found[limit - 1].change_id
        following = cursors.seal("list_changes", arguments, ctx.principal, last, scope=reach.fingerprint)
    page = Changed(changes=found[:limit], truncated=more, next_cursor=following)
    return Output(page, _lines(page))


@history.tool(destructive=True, idempotent=False, open_world=False)
async def undo_change(
    ctx: Ctx,
    *,
    changeId: Annotated[str, arg("Which one; else the latest.", max_length=64)] | None = None,
    dryRun: DryRun = False,
) -> Output[Undone]:
    """Take a change back, unless the file has changed since."""
    reach = await ctx.state.reach(ctx)
    changes = ctx.state.changes
    entry = await ctx.state.workers.run(chosen, changes.journal, reach, changeId)
    work = preview if dryRun else take_back
    done = await changes.run(ctx, UNDO, list(_paths(entry)), work, entry, Scene(reach.at))
    doing = "Undoing would restore" if dryRun else "Undone"
    text = f"{doing} ({entry.tool}, {entry.id}): {', '.join(done.restored[:MOST_PATHS]) or 'nothing was left to undo'}"
    return Output(done, text if done.diff is None else f"{text}\n{fenced(safe(done.diff))}")


def listed(journal: Journal, reach: Reach, *, path: str | None, after: str | None, most: int) -> list[Change]:
    """The newest changes that the caller may see."""
    visible = _visible(journal, reach, _beneath(reach, path))
    older = (entry for entry in visible if after is None or entry.id < after)
    return [_change(entry) for entry in islice(older, most)]


def chosen(journal: Journal, reach: Reach, change: str | None) -> Entry:
    """The change of that id, or the latest that is not undone, itself no undoing.

    Raises:
        ToolError: `not_found`, in the same words for one that the caller may not see.
    """
    if change is None:
        found = (entry for entry in _visible(journal, reach, None) if not entry.undone and entry.tool != UNDO)
        entry = next(found, None)
        if entry is None:
            raise ToolError("There is no change to undo.", code="not_found")
        return entry
    entry = journal.get(change) if ID.fullmatch(change) else None
    if entry is None or not _may_see(entry, reach):
        message = f"There is no change {change!r}; it may have been too old to keep."
        raise ToolError(message, code="not_found", hint="Call list_changes.")
    return entry


def take_back(job: Job, entry: Entry, scene: Scene) -> UndoResult:
    """Undo a change."""
    restored, change = undo(job, entry, scene)
    return UndoResult(undone=entry.id, restored=restored, dry_run=False, change_id=change)


def preview(job: Job, entry: Entry, scene: Scene) -> UndoResult:
    """What undoing would restore, and for texts the difference."""
    steps = pending(job, entry, scene)
    restored = list(dict.fromkeys(scene.shown(step.path) for step in steps))
    diffs: list[str] = []
    for step in steps:
        if isinstance(step, Wrote) and sum(map(len, diffs)) < DIFF_CHARS:
            diffs.append(_difference(job, step, scene))
    diff = clipped("".join(diffs)) or None
    return UndoResult(undone=entry.id, restored=restored, diff=diff, dry_run=True)


def _lines(page: Changed) -> str:
    lines = [
        f"{change.change_id} {change.time} {change.tool}{UNDONE[change.undone]}: {', '.join(change.paths)}"
        for change in page.changes
    ]
    if page.next_cursor is not None:
        lines.append(f"[more: cursor {page.next_cursor}]")
    return safe("\n".join(lines)) or "No changes"


def _difference(job: Job, step: Wrote, scene: Scene) -> str:
    """From the file as it is to the file as it was; empty for what is no text."""
    with scene.spot(step.path) as spot, scene.file(spot, step.path) as file:
        now = file.read_at(0, MOST_COMPARED + 1)
    then = b""
    if step.before is not None:
        with job.journal.spot(step.before.blob) as place, place.open() as blob:
            then = blob.read_at(0, MOST_COMPARED + 1)
    if max(len(now), len(then)) > MOST_COMPARED:
        return ""
    texts = _text(now), _text(then)
    return "" if texts[0] is None or texts[1] is None else unified(texts[0], texts[1], scene.shown(step.path))


def _text(data: bytes) -> str | None:
    encoding = detect(data)
    return None if encoding is None else encoding.decode(data[len(encoding.mark) :])


def _visible(journal: Journal, reach: Reach, beneath: str | None) -> Iterator[Entry]:
    for entry in journal.entries():
        if _may_see(entry, reach) and (beneath is None or _touches(entry, beneath)):
            yield entry


def _may_see(entry: Entry, reach: Reach) -> bool:
    """Whether all of a change is in the caller's directories."""
    try:
        for path in _paths(entry):
            reach.at(tuple(path.strip("/").split("/")), path)
    except OutsideRoot:
        return False
    return True


def _paths(entry: Entry) -> Iterator[str]:
    for step in entry.steps:
        yield step.path
        if isinstance(step, Moved):
            yield step.to


def _touches(entry: Entry, beneath: str) -> bool:
    return any(f"{path}/".startswith(f"{beneath}/") for path in _paths(entry))


def _beneath(reach: Reach, path: str | None) -> str | None:
    """A caller's path as the journal writes it."""
    if path is None:
        return None
    target = reach.locate(path)
    return "/" + "/".join(target.parts(target.path))


def _change(entry: Entry) -> Change:
    paths = list(dict.fromkeys("/".join(show(name) for name in path.split("/")) for path in _paths(entry)))
    shown = paths[:MOST_PATHS]
    if len(paths) > len(shown):
        shown.append(f"... and {len(paths) - len(shown)} more")
    return Change(
        change_id=entry.id, tool=entry.tool, paths=shown, time=stamp(int(entry.time * 1e9)), undone=entry.undone
    )
