"""Copies a file, a link or a whole tree from handle to handle; what is made becomes visible in one step. Blocking."""

import os
import stat
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import TypeVar

from msgspec import Struct

from mcp_protocol import ToolError
from mcp_ref_filesystem.access.located import Located
from mcp_ref_filesystem.change.atomic import copy_attributes, is_temporary, remove_tree, temporary_name
from mcp_ref_filesystem.change.copying import copy_bytes
from mcp_ref_filesystem.change.recording import Job
from mcp_ref_filesystem.change.trees import DEEPEST, RULE_KINDS
from mcp_ref_filesystem.results import kind_of
from mcp_ref_kit.paths import Directory, JailPath, NotAFile, OpenFile, PathError, Spot, mapped

Result = TypeVar("Result")
Copying = Generator[int, None, int]


class Plan(Struct, frozen=True):
    """From where to where, for the rules of both sides; `final` is the resolved path that the copy will have.

    Without a source and target nothing is judged: that is for trees on their way into the journal and back.
    """

    source: Located | None = None
    target: Located | None = None
    final: JailPath = JailPath()
    preserve: bool = True


@contextmanager
def staged(spot: Spot) -> Generator[Spot]:
    """A hidden name beside a spot to build something under; what is left there at the end is removed."""
    stage = spot.beside(temporary_name())
    try:
        yield stage
    finally:
        with suppress(PathError):
            remove_tree(stage)


def copy_any(source: Spot, stage: Spot, plan: Plan, job: Job) -> int:
    """Copy what is at one spot to another that is free; answers how many special files were left out."""
    return finished(copying(source, stage, plan, job))


def copying(source: Spot, stage: Spot, plan: Plan, job: Job) -> Copying:
    """The same in steps: yields 1 for each thing that was copied.

    Raises:
        Refused: something in it may not be read there, or not be written where it would land.
        NotAFile: it is a FIFO, a socket or a device itself.
    """
    found = source.lstat()
    if stat.S_ISDIR(found.st_mode):
        return (yield from _copy_directory(source, stage, plan, job))
    if not _copy_leaf(source, stage, found, plan, job):
        raise NotAFile(source.resolved.written)
    return 0


def finished(work: Generator[int, None, Result]) -> Result:
    """Do all steps at once."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def copy_file(old: OpenFile, new: OpenFile, *, preserve: bool, job: Job) -> None:
    """Copy content, permissions and, to `preserve`, attributes and times; set-id bits never."""
    with mapped(old.resolved.written):
        copy_bytes(old.fd, new.fd, check=job.stop.check)
        _take_over(old.fd, new.fd, preserve=preserve)


def _copy_directory(source: Spot, stage: Spot, plan: Plan, job: Job) -> Copying:
    stage.mkdir(0o700)
    with source.open_directory() as old, stage.open_directory() as new:
        skipped = yield from _copy_members(old, new, plan, (), job)
        with mapped(new.resolved.written):
            _take_over(old.fd, new.fd, preserve=plan.preserve)
    return skipped


def _copy_members(old: Directory, new: Directory, plan: Plan, names: tuple[str, ...], job: Job) -> Copying:
    if len(names) > DEEPEST:
        raise ToolError(f"The directory is more than {DEEPEST} levels deep.", code="too_large")
    with old.scan() as entries:
        found = [entry.name for entry in entries if not is_temporary(entry.name)]
    skipped = 0
    for name in found:
        job.stop.check()
        is_a = old.lstat(name)
        below = (*names, name)
        _judge(plan, old.resolved.child(name), below, is_a)
        if stat.S_ISDIR(is_a.st_mode):
            skipped += yield from _copy_below(old, new, plan, below, job)
        else:
            target = Spot.within(new, name)
            skipped += not _copy_leaf(Spot.within(old, name), target, is_a, plan, job)
        yield 1
    return skipped


def _copy_below(old: Directory, new: Directory, plan: Plan, names: tuple[str, ...], job: Job) -> Copying:
    name = names[-1]
    Spot.within(new, name).mkdir(0o700)
    with old.open_directory(name) as old_below, new.open_directory(name) as new_below:
        skipped = yield from _copy_members(old_below, new_below, plan, names, job)
        with mapped(new.resolved.written):
            _take_over(old_below.fd, new_below.fd, preserve=plan.preserve)
    return skipped


def _copy_leaf(source: Spot, target: Spot, found: os.stat_result, plan: Plan, job: Job) -> bool:
    """Copy a link as a link, or a file; False for what is neither."""
    if stat.S_ISLNK(found.st_mode):
        target.symlink(source.readlink())
    elif stat.S_ISREG(found.st_mode):
        with source.open() as old, target.create() as new:
            copy_file(old, new, preserve=plan.preserve, job=job)
    else:
        return False
    return True


def _take_over(old: int, new: int, *, preserve: bool) -> None:
    found = os.fstat(old)
    os.fchmod(new, stat.S_IMODE(found.st_mode) & 0o777)
    if preserve:
        copy_attributes(old, new)
        with suppress(PermissionError):
            os.fchown(new, found.st_uid, found.st_gid)
        os.utime(new, ns=(found.st_atime_ns, found.st_mtime_ns))


def _judge(plan: Plan, here: JailPath, names: tuple[str, ...], found: os.stat_result) -> None:
    kind = RULE_KINDS[kind_of(found.st_mode)]
    if plan.source is not None:
        plan.source.judge(here, makes=kind)
    if plan.target is not None:
        there = plan.final
        for name in names:
            there = there.child(name)
        plan.target.judge(there, write=True, makes=kind)
