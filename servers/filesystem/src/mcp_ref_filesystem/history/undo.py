"""Taking a change back: every step is checked, then all is recorded as a change of its own, then done. Blocking.

The same jail and rules hold as for any other change. A step that was never done, or is undone already, is passed over.
"""

import stat
from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from mcp_protocol import ToolError
from mcp_ref_filesystem.change.etag import etag_of
from mcp_ref_filesystem.change.recording import Job, Recording
from mcp_ref_filesystem.change.trees import ANY_DIRECTORY, mark_of, measured
from mcp_ref_filesystem.history.inverses import invert
from mcp_ref_filesystem.history.scene import Scene
from mcp_ref_filesystem.history.steps import (
    Altered,
    AnyStep,
    Appended,
    Entry,
    MadeDirectory,
    Moved,
    Placed,
    Removed,
    Wrote,
)
from mcp_ref_kit.paths import Spot


def undo(job: Job, entry: Entry, scene: Scene) -> tuple[list[str], str | None]:
    """Take a change back; answers the paths that are restored, and the id of the change that this is.

    Raises:
        ToolError: `conflict`, something has changed since; nothing is done then.
    """
    steps = pending(job, entry, scene)
    with Recording(job, needed=True) as record:
        actions = [invert(step, record, scene) for step in steps]
        job.stop.check()
        change = record.save()
        for action in actions:
            # From the first of them on there is no way back but through the entry just saved.
            record.acted()
            action()
    job.journal.save(replace(entry, undone=True))
    return list(dict.fromkeys(scene.shown(step.path) for step in steps)), change


def pending(job: Job, entry: Entry, scene: Scene) -> list[AnyStep]:
    """The steps that have to be taken back, the last one first.

    Raises:
        ToolError: `conflict`.
    """
    if entry.undone:
        raise ToolError(f"The change {entry.id} has been undone already.", code="conflict")
    return [step for step in reversed(entry.steps) if _CHECKS[type(step)](job, step, scene)]


def _check_wrote(job: Job, step: Wrote, scene: Scene) -> bool:
    found = scene.etag(step.path, job)
    if found == (None if step.before is None else step.before.etag):
        return False
    if found != step.after:
        raise scene.conflict(step.path)
    if step.before is None:
        scene.freed.add(step.path)
    return True


def _check_appended(job: Job, step: Appended, scene: Scene) -> bool:
    del job
    with scene.spot(step.path) as spot, scene.file(spot, step.path) as file:
        size = file.stat.st_size
        if size == step.size:
            return False
        added = file.read_at(step.size, step.length + 1)
    if size != step.size + step.length or etag_of(added) != step.added:
        raise scene.conflict(step.path)
    return True


def _check_made(job: Job, step: MadeDirectory, scene: Scene) -> bool:
    del job
    found = scene.lstat(step.path)
    return found is not None and stat.S_ISDIR(found.st_mode)


def _check_placed(job: Job, step: Placed, scene: Scene) -> bool:
    if scene.lstat(step.path) is None:
        return False
    with scene.spot(step.path) as spot:
        if measured(spot, job).mark != step.mark:
            raise scene.conflict(step.path)
    scene.freed.add(step.path)
    return True


def _check_moved(job: Job, step: Moved, scene: Scene) -> bool:
    here, there = scene.is_free(step.path), scene.lstat(step.to)
    if not here and _was_never_moved(job, step, scene, free=there is None):
        return False
    if there is None or not here:
        raise scene.conflict(step.path)
    with scene.spot(step.to) as spot:
        if mark_of(spot, job) != step.mark:
            raise scene.conflict(step.to)
    scene.freed.add(step.to)
    return True


def _was_never_moved(job: Job, step: Moved, scene: Scene, *, free: bool) -> bool:
    """Whether the thing is still where it was; of a directory only an empty destination can tell."""
    with scene.spot(step.path) as spot:
        mark = mark_of(spot, job)
    return mark == step.mark and (free or mark != ANY_DIRECTORY)


def _check_removed(job: Job, step: Removed, scene: Scene) -> bool:
    free = scene.is_free(step.path)
    with job.journal.spot(step.blob) as blob:
        if blob.exists():
            if not free and not _is_still_there(job, step, blob, scene):
                raise scene.conflict(step.path)
            return free
    if free:
        raise scene.conflict(step.path)
    return False


def _is_still_there(job: Job, step: Removed, blob: Spot, scene: Scene) -> bool:
    """Whether a thing of which the journal has a copy was never replaced."""
    with scene.spot(step.path) as spot:
        return measured(spot, job).mark == measured(blob, job).mark


def _check_altered(job: Job, step: Altered, scene: Scene) -> bool:
    del job
    found = scene.lstat(step.path)
    now = None if found is None else (stat.S_IMODE(found.st_mode), found.st_mtime_ns)
    if now == (step.mode[0], step.mtime_ns[0]):
        return False
    if now != (step.mode[1], step.mtime_ns[1]):
        raise scene.conflict(step.path)
    return True


_CHECKS: Mapping[type[AnyStep], Callable[[Job, Any, Scene], bool]] = {
    Wrote: _check_wrote,
    Appended: _check_appended,
    MadeDirectory: _check_made,
    Placed: _check_placed,
    Moved: _check_moved,
    Removed: _check_removed,
    Altered: _check_altered,
}
