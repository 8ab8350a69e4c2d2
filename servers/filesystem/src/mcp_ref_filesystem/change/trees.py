"""What is at a spot, as one thing: a file, a link, or a directory with all that is in it. Blocking, stoppable."""

import os
import stat
from collections.abc import Iterator
from hashlib import sha256

from msgspec import Struct

from mcp_protocol import ToolError
from mcp_ref_filesystem.access.located import Located
from mcp_ref_filesystem.access.rules import Kind as RuleKind
from mcp_ref_filesystem.change.recording import Job
from mcp_ref_filesystem.results import Kind, kind_of
from mcp_ref_kit.paths import Directory, JailPath, RootItself, Spot

# One handle is held for each level, two while copying.
DEEPEST = 200
# The mark of a directory that was moved: whatever happens in it, it goes back with it.
ANY_DIRECTORY = "directory"

RULE_KINDS: dict[Kind, RuleKind] = {"directory": "directory", "symlink": "link", "file": "file", "other": "file"}


class Measure(Struct, frozen=True):
    """How much there is; `mark` changes when anything in it does."""

    files: int
    bytes: int
    mark: str


class Member(Struct, frozen=True):
    """One thing in a tree: the handle of the directory it is in, its names from the top, and what it is."""

    parent: Directory
    names: tuple[str, ...]
    stat: os.stat_result

    @property
    def name(self) -> str:
        """Its own name."""
        return self.names[-1]


def found_spot(target: Located, *, write: bool) -> tuple[Spot, os.stat_result]:
    """The place of an existing thing, itself judged as what it is; a link is not followed.

    Raises:
        NotFound, Refused
    """
    spot = target.root.parent(target.path)
    try:
        found = spot.lstat()
        target.judge(spot.resolved, write=write, makes=RULE_KINDS[kind_of(found.st_mode)])
    except BaseException:  # whatever happens, the handle has no other owner yet
        spot.close()
        raise
    return spot, found


def refuse_around(job: Job, target: Located, resolved: JailPath) -> None:
    """Refuse to move or remove an allowed directory, or what one is in.

    Raises:
        RootItself
    """
    parts = target.parts(resolved)
    if any(place[: len(parts)] == parts for place in job.places):
        raise RootItself(target.written)


def measured(spot: Spot, job: Job) -> Measure:
    """Count and mark what is at a spot.

    Raises:
        ToolError: `too_large`, for more entries than the operator lets one call visit.
    """
    found = spot.lstat()
    digest = sha256(_line((), found, spot.readlink() if stat.S_ISLNK(found.st_mode) else ""))
    if not stat.S_ISDIR(found.st_mode):
        return Measure(1, found.st_size, digest.hexdigest()[:16])
    files = size = 0
    with spot.open_directory() as directory:
        for member in members(directory, job):
            is_link = stat.S_ISLNK(member.stat.st_mode)
            digest.update(_line(member.names, member.stat, member.parent.readlink(member.name) if is_link else ""))
            if not stat.S_ISDIR(member.stat.st_mode):
                files += 1
                size += member.stat.st_size
    return Measure(files, size, digest.hexdigest()[:16])


def file_mark(found: os.stat_result) -> str:
    """The mark of a regular file that has no place yet."""
    return sha256(_line((), found, "")).hexdigest()[:16]


def mark_of(spot: Spot, job: Job) -> str:
    """The mark of what is about to be moved."""
    return ANY_DIRECTORY if stat.S_ISDIR(spot.lstat().st_mode) else measured(spot, job).mark


def members(directory: Directory, job: Job) -> Iterator[Member]:
    """Everything in a directory, a directory before what is in it, in the order of the names.

    Raises:
        ToolError: `too_large`.
    """
    for count, member in enumerate(_members(directory, (), job)):
        if count >= job.most:
            raise ToolError(f"The directory has more than {job.most} entries.", code="too_large")
        yield member


def _members(directory: Directory, names: tuple[str, ...], job: Job) -> Iterator[Member]:
    if len(names) > DEEPEST:
        raise ToolError(f"The directory is more than {DEEPEST} levels deep.", code="too_large")
    with directory.scan() as entries:
        found = sorted(entry.name for entry in entries)
    for name in found:
        job.stop.check()
        is_a = directory.lstat(name)
        yield Member(directory, (*names, name), is_a)
        if stat.S_ISDIR(is_a.st_mode):
            with directory.open_directory(name) as below:
                yield from _members(below, (*names, name), job)


def _line(names: tuple[str, ...], found: os.stat_result, link: str) -> bytes:
    """One member as the mark sees it; the time of a directory says only that something in it changed."""
    parts = [*names, "", stat.filemode(found.st_mode)[0]]
    if not stat.S_ISDIR(found.st_mode):
        parts += [str(found.st_size), str(found.st_mtime_ns) if not link else "", link]
    return "\0".join(parts).encode(errors="surrogateescape") + b"\n"
