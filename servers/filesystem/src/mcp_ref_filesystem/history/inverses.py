"""For each kind of step what takes it back: it is recorded as a step of the undoing change, then done. Blocking."""

import os
import stat
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from mcp_ref_filesystem.access.rules import Kind
from mcp_ref_filesystem.change.atomic import copy_attributes, drafted
from mcp_ref_filesystem.change.copying import copy_bytes
from mcp_ref_filesystem.change.etag import etag_of_file
from mcp_ref_filesystem.change.moving import rename_anywhere
from mcp_ref_filesystem.change.recording import Recording
from mcp_ref_filesystem.change.trees import RULE_KINDS, measured, members
from mcp_ref_filesystem.history.scene import Scene
from mcp_ref_filesystem.history.steps import (
    Altered,
    AnyStep,
    Appended,
    Kept,
    MadeDirectory,
    Moved,
    Placed,
    Removed,
    Wrote,
)
from mcp_ref_filesystem.results import kind_of
from mcp_ref_kit.paths import NotEmpty, NotFound, Spot, mapped

Action = Callable[[], None]


def invert(step: AnyStep, record: Recording, scene: Scene) -> Action:
    """Record what takes the step back, keep what that needs, and answer the doing of it."""
    return _INVERSES[type(step)](step, record, scene)


def _invert_wrote(step: Wrote, record: Recording, scene: Scene) -> Action:
    if step.before is None:
        return _removal(step.path, record, scene)
    with scene.spot(step.path) as spot, scene.file(spot, step.path) as old:
        record.add(Wrote(path=step.path, before=record.keep(old, step.after), after=step.before.etag))
    return partial(_rewrite, step.path, step.before, record, scene)


def _invert_appended(step: Appended, record: Recording, scene: Scene) -> Action:
    with scene.spot(step.path) as spot, scene.file(spot, step.path) as old:
        after = etag_of_file(old.fd, length=step.size, check=record.job.stop.check)
        record.add(Wrote(path=step.path, before=record.keep(old), after=after))
    return partial(_cut, step, record, scene)


def _invert_made(step: MadeDirectory, record: Recording, scene: Scene) -> Action:
    name = _reserved(record, 0)
    record.add(Removed(path=step.path, blob=name))
    return partial(_take_empty, step.path, name, record, scene)


def _invert_placed(step: Placed, record: Recording, scene: Scene) -> Action:
    return _removal(step.path, record, scene)


def _invert_moved(step: Moved, record: Recording, scene: Scene) -> Action:
    with scene.spot(step.to) as spot:
        _judge_landing(spot, step.path, record, scene)
    record.add(Moved(path=step.to, to=step.path, mark=step.mark))
    return partial(_move, step.to, step.path, record, scene)


def _invert_removed(step: Removed, record: Recording, scene: Scene) -> Action:
    with record.job.journal.spot(step.blob) as blob:
        _judge_landing(blob, step.path, record, scene)
        record.add(Placed(path=step.path, mark=measured(blob, record.job).mark))
    return partial(_bring_back, step, record, scene)


def _invert_altered(step: Altered, record: Recording, scene: Scene) -> Action:
    (mode, new_mode), (atime, new_atime), (mtime, new_mtime) = step.mode, step.atime_ns, step.mtime_ns
    back = Altered(path=step.path, mode=(new_mode, mode), atime_ns=(new_atime, atime), mtime_ns=(new_mtime, mtime))
    record.add(back)
    return partial(_alter, step, scene)


_INVERSES: Mapping[type[AnyStep], Callable[[Any, Recording, Scene], Action]] = {
    Wrote: _invert_wrote,
    Appended: _invert_appended,
    MadeDirectory: _invert_made,
    Placed: _invert_placed,
    Moved: _invert_moved,
    Removed: _invert_removed,
    Altered: _invert_altered,
}


def _removal(path: str, record: Recording, scene: Scene) -> Action:
    with scene.spot(path) as spot:
        name = _reserved(record, measured(spot, record.job).bytes)
    record.add(Removed(path=path, blob=name))
    return partial(_take_away, path, name, record, scene)


def _reserved(record: Recording, size: int) -> str:
    name, spot = record.reserve(size)
    spot.close()
    return name


def _judge_landing(spot: Spot, path: str, record: Recording, scene: Scene) -> None:
    """Refuse where a rule forbids what would come back, or anything in it."""
    found = spot.lstat()
    target = scene.located(path)
    try:
        with scene.spot(path, makes=RULE_KINDS[kind_of(found.st_mode)]) as to:
            landing = to.resolved
    except NotFound:
        landing = target.path  # its directory comes back first, and then it is judged again
    if not stat.S_ISDIR(found.st_mode):
        return
    with spot.open_directory() as directory:
        for member in members(directory, record.job):
            resolved = landing
            for name in member.names:
                resolved = resolved.child(name)
            target.judge(resolved, write=True, makes=RULE_KINDS[kind_of(member.stat.st_mode)])


def _rewrite(path: str, kept: Kept, record: Recording, scene: Scene) -> None:
    job = record.job
    with scene.spot(path) as spot, scene.file(spot, path) as old, drafted(spot) as draft:
        draft.keep(old)
        with job.journal.spot(kept.blob) as place, place.open() as blob, mapped(scene.shown(path)):
            copy_bytes(blob.fd, draft.file.fd)
            copy_attributes(blob.fd, draft.file.fd)
            os.fchmod(draft.file.fd, kept.mode)
            os.utime(draft.file.fd, ns=(old.stat.st_atime_ns, kept.mtime_ns))
        draft.commit(old, fsync=job.fsync)


def _cut(step: Appended, record: Recording, scene: Scene) -> None:
    with scene.spot(step.path) as spot, scene.file(spot, step.path) as old, drafted(spot) as draft:
        with mapped(scene.shown(step.path)):
            copy_bytes(old.fd, draft.file.fd)
            os.ftruncate(draft.file.fd, step.size)
            draft.keep(old)
            os.utime(draft.file.fd, ns=(old.stat.st_atime_ns, step.mtime_ns))
        draft.commit(old, fsync=record.job.fsync)


def _take_away(path: str, name: str, record: Recording, scene: Scene) -> None:
    with scene.spot(path) as spot, record.job.journal.spot(name) as place:
        rename_anywhere(record.job, spot, place, None)


def _take_empty(path: str, name: str, record: Recording, scene: Scene) -> None:
    """Remove a directory that the change had made; one that is in use by now stays."""
    with scene.spot(path) as spot:
        try:
            spot.rmdir()
        except NotEmpty:
            return
    with record.job.journal.spot(name) as place:
        place.mkdir()


def _move(path: str, to: str, record: Recording, scene: Scene) -> None:
    with scene.spot(path) as spot, scene.spot(to, makes=_kind(spot)) as place:
        _judge_landing(spot, to, record, scene)
        rename_anywhere(record.job, spot, place, None)


def _bring_back(step: Removed, record: Recording, scene: Scene) -> None:
    with record.job.journal.spot(step.blob) as blob, scene.spot(step.path, makes=_kind(blob)) as place:
        _judge_landing(blob, step.path, record, scene)
        rename_anywhere(record.job, blob, place, None)


def _kind(spot: Spot) -> Kind:
    return RULE_KINDS[kind_of(spot.lstat().st_mode)]


def _alter(step: Altered, scene: Scene) -> None:
    with scene.spot(step.path) as spot:
        found = spot.lstat()
        if stat.S_ISLNK(found.st_mode):
            raise scene.conflict(step.path)
        with spot.open_directory() if stat.S_ISDIR(found.st_mode) else spot.open() as handle, mapped(step.path):
            os.fchmod(handle.fd, step.mode[0])
            os.utime(handle.fd, ns=(step.atime_ns[0], step.mtime_ns[0]))
