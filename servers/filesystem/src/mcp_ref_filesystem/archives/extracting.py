"""Unpacking an archive: all of it under a hidden name first, then each part to its place. Blocking."""

import os
import stat
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager

from msgspec import Struct

from mcp_protocol import Refused
from mcp_ref_filesystem.access.located import Located
from mcp_ref_filesystem.archives.containers import Member, Meter, judged_name, opened_archive
from mcp_ref_filesystem.archives.streams import BLOCK
from mcp_ref_filesystem.change.atomic import write_all
from mcp_ref_filesystem.change.duplicate import staged
from mcp_ref_filesystem.change.making import made_directories, missing_directories, place_of
from mcp_ref_filesystem.change.placing import rename_over, replaceable, set_aside
from mcp_ref_filesystem.change.recording import Job, Recording
from mcp_ref_filesystem.change.saving import absolute
from mcp_ref_filesystem.change.trees import measured
from mcp_ref_filesystem.history.steps import Placed
from mcp_ref_filesystem.search.match import Globs
from mcp_ref_kit.paths import AlreadyExists, Directory, JailPath, NotFound, Spot, mapped


class Wanted(Struct, frozen=True, kw_only=True):
    """Which members, and whether they may replace files."""

    include: Globs
    overwrite: bool


class Landing(Struct, frozen=True):
    """One thing under the hidden name, by its names from there, and what it replaces."""

    names: tuple[str, ...]
    old: os.stat_result | None = None


class Extracted(Struct, frozen=True):
    """How much came out, and the change's id."""

    files: int
    bytes: int
    change: str | None


def extract(job: Job, archive: Located, destination: Located, wanted: Wanted) -> Extracted:
    """Unpack an archive into a directory, which is made if it is missing; all of it or nothing.

    Raises:
        Refused: a member leads out, is a link or a device, or meets a rule.
        AlreadyExists: a file is in the way.
    """
    with Recording(job) as record, archive.open() as file:
        missing = missing_directories(destination)
        with (
            made_directories(record, destination, missing),
            place_of(destination, follow=True, exact=True, makes="directory") as to,
            staged(to) as stage,
        ):
            stage.mkdir()
            with stage.open_directory() as directory:
                meter = Meter(file.stat.st_size, job.stop.check)
                unpacking = Unpacking(meter, destination, to.resolved, directory, wanted.include)
                with opened_archive(file, meter) as members:
                    for member in members:
                        unpacking.take(member)
            change = _settle(record, destination, stage, to, overwrite=wanted.overwrite)
    return Extracted(unpacking.files, unpacking.bytes, change)


class Unpacking:
    """The hidden directory while it fills."""

    def __init__(self, meter: Meter, target: Located, final: JailPath, stage: Directory, include: Globs) -> None:
        self._meter = meter
        self._target = target
        self._final = final
        self._stage = stage
        self._include = include
        self.files = 0
        self.bytes = 0

    def take(self, member: Member) -> None:
        """Judge one member, wanted or not, and unpack it if it is.

        Raises:
            Refused: it is no file or directory, or must not be where it would land.
        """
        if member.kind not in {"file", "directory"}:
            message = f"The archive has a member {member.name[:100]!r} that is a link or a device."
            raise Refused(message, code="denied_policy")
        if member.kind == "directory" and not member.name.strip("./"):
            return
        names = judged_name(member.name)
        landing = self._final
        for name in names[:-1]:
            landing = landing.child(name)
            self._target.judge(landing, write=True, makes="directory")
        makes = "directory" if member.kind == "directory" else "file"
        self._target.judge(landing.child(names[-1]), write=True, makes=makes)
        if self._include and not self._include.matches("/".join(names), directory=member.kind == "directory"):
            return
        if member.kind == "directory":
            _directory(self._stage, names).close()
        else:
            self._unpack(member, names)

    def _unpack(self, member: Member, names: tuple[str, ...]) -> None:
        with _directory(self._stage, names[:-1]) as parent:
            spot = Spot.within(parent, names[-1])
            with spot.create() as file, member.open() as stream, mapped(self._target.written):
                while block := stream.read(BLOCK):
                    if not member.counted:
                        self._meter.add(len(block))
                    write_all(file.fd, block)
                    self.bytes += len(block)
                # Readable for its owner whatever the archive says; never set-id bits.
                os.fchmod(file.fd, (member.mode or 0o644) & 0o777 | 0o600)
                os.utime(file.fd, ns=(member.mtime_ns, member.mtime_ns))
        self.files += 1


def _directory(stage: Directory, names: tuple[str, ...]) -> Directory:
    """The directory of that path beneath the hidden one, made where it is missing."""
    with ExitStack() as stack:
        here = stage
        for name in names:
            spot = Spot.within(here, name)
            if not spot.exists():
                spot.mkdir()
            here = spot.open_directory()
            stack.callback(here.close)
        if here is stage:
            return Directory(os.dup(stage.fd), stage.guard, stage.resolved)
        return Directory(here.take(), here.guard, here.resolved)


def _settle(record: Recording, destination: Located, stage: Spot, to: Spot, *, overwrite: bool) -> str | None:
    """Move what was unpacked to its place: whole, or into a directory that is there already."""
    job = record.job
    landings = [Landing(())]
    if to.exists():
        with stage.open_directory() as new, to.open_directory() as old:
            landings = list(_landings(new, old, (), overwrite=overwrite))
    for landing in landings:
        with _pair(stage, to, landing) as (source, place):
            path = absolute(destination, place.resolved)
            if landing.old is not None:
                set_aside(record, place, path, landing.old.st_size)
            record.add(Placed(path=path, mark=measured(source, job).mark))
    job.stop.check()
    change = record.save()
    for landing in landings:
        with _pair(stage, to, landing) as (source, place):
            rename_over(job, source, place, landing.old)
        record.acted()
    return change


def _landings(new: Directory, old: Directory, names: tuple[str, ...], *, overwrite: bool) -> Iterator[Landing]:
    """What can be moved in one piece: whatever is new, and files that replace files."""
    with new.scan() as entries:
        found = sorted(entry.name for entry in entries)
    for name in found:
        below = (*names, name)
        is_directory = stat.S_ISDIR(new.lstat(name).st_mode)
        try:
            there = old.lstat(name)
        except NotFound:
            yield Landing(below)
            continue
        if is_directory and stat.S_ISDIR(there.st_mode):
            with new.open_directory(name) as new_below, old.open_directory(name) as old_below:
                yield from _landings(new_below, old_below, below, overwrite=overwrite)
        elif is_directory:
            raise AlreadyExists(old.resolved.child(name).written)
        else:
            yield Landing(below, replaceable(Spot.within(old, name), overwrite=overwrite))


@contextmanager
def _pair(stage: Spot, to: Spot, landing: Landing) -> Generator[tuple[Spot, Spot]]:
    """Where a thing is under the hidden name, and its place."""
    if not landing.names:
        yield stage, to
        return
    *above, name = landing.names
    with (
        stage.open_directory() as new,
        to.open_directory() as old,
        _beneath(new, above) as here,
        _beneath(old, above) as there,
    ):
        yield Spot.within(here, name), Spot.within(there, name)


@contextmanager
def _beneath(directory: Directory, names: list[str]) -> Generator[Directory]:
    with ExitStack() as stack:
        for name in names:
            directory = stack.enter_context(directory.open_directory(name))
        yield directory
