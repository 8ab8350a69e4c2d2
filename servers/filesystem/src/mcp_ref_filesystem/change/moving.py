"""Moving a file, a link or a directory to another name, recorded so that it can be undone. Blocking."""

import os
import stat

from msgspec import Struct

from mcp_ref_filesystem.access.contents import judge_contents
from mcp_ref_filesystem.access.located import Located
from mcp_ref_filesystem.change.duplicate import Plan, copy_any, staged
from mcp_ref_filesystem.change.making import made_directories, missing_directories, place_of
from mcp_ref_filesystem.change.placing import rename_over, replaceable, set_aside
from mcp_ref_filesystem.change.recording import Job, Recording
from mcp_ref_filesystem.change.saving import absolute
from mcp_ref_filesystem.change.trees import RULE_KINDS, found_spot, mark_of, refuse_around
from mcp_ref_filesystem.history.steps import Moved
from mcp_ref_filesystem.results import Kind, kind_of
from mcp_ref_kit.paths import CrossDevice, InvalidPath, NotAFile, Spot


class Relocated(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What went where."""

    source: str
    destination: str
    change_id: str | None = None


class MoveResult(Relocated, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The same, and what it is."""

    type: Kind


def move(job: Job, source: Located, destination: Located, *, overwrite: bool, create_parents: bool) -> MoveResult:
    """Move in one step; an existing destination is only replaced if that is asked for, and a directory never."""
    with Recording(job) as record:
        spot, found = found_spot(source, write=True)
        with spot:
            refuse_around(job, source, spot.resolved)
            missing = missing_directories(destination) if create_parents else []
            makes = RULE_KINDS[kind_of(found.st_mode)]
            with made_directories(record, destination, missing), place_of(destination, exact=True, makes=makes) as to:
                if stat.S_ISDIR(found.st_mode):
                    with spot.open_directory() as directory:
                        judge_contents(
                            source, directory, job.stop, most=job.most, taken=True, to=(destination, to.resolved)
                        )
                old = replaceable(to, overwrite=overwrite)
                refuse_itself(found, old, destination.written)
                there = absolute(destination, to.resolved)
                if old is not None:
                    set_aside(record, to, there, old.st_size)
                record.add(Moved(path=absolute(source, spot.resolved), to=there, mark=mark_of(spot, job)))
                change = _move(record, spot, to, old)
    kind = kind_of(found.st_mode)
    return MoveResult(source=source.written, destination=destination.written, type=kind, change_id=change)


def refuse_itself(found: os.stat_result, old: os.stat_result | None, written: str) -> None:
    """Refuse where source and destination are the same file under two names.

    Raises:
        InvalidPath
    """
    if old is not None and (found.st_dev, found.st_ino) == (old.st_dev, old.st_ino):
        raise InvalidPath(written, f"`{written}` is the same file as the source.")


def rename_anywhere(job: Job, source: Spot, to: Spot, old: os.stat_result | None) -> None:
    """Rename, or copy and delete where the other name is on another file system.

    Raises:
        NotAFile: something in it is neither file, directory nor link, and cannot be copied.
    """
    try:
        rename_over(job, source, to, old)
    except CrossDevice:
        with staged(to) as stage, staged(source) as gone:
            if copy_any(source, stage, Plan(), job):
                raise NotAFile(source.resolved.written) from None
            if job.fsync != "off":
                os.sync()  # before the only other copy goes
            job.stop.check()
            rename_over(job, stage, to, old)
            source.rename(gone)


def _move(record: Recording, source: Spot, to: Spot, old: os.stat_result | None) -> str | None:
    record.job.stop.check()
    change = record.save()
    rename_anywhere(record.job, source, to, old)
    record.acted()
    return change
