"""The last steps of putting something at a name: what stands there is set aside, the entry saved, then one rename.

Blocking.
"""

import os
import stat

from mcp_protocol import ToolError
from mcp_ref_filesystem.change.duplicate import Plan, copy_any
from mcp_ref_filesystem.change.recording import Job, Recording
from mcp_ref_filesystem.history.steps import Removed
from mcp_ref_kit.paths import AlreadyExists, NotFound, Spot, mapped


def replaceable(spot: Spot, *, overwrite: bool) -> os.stat_result | None:
    """What stands at a spot and may be replaced; None if it is free.

    Raises:
        AlreadyExists: it may not; a directory never.
    """
    try:
        found = spot.lstat()
    except NotFound:
        return None
    if stat.S_ISDIR(found.st_mode):
        hint = "Give the full new path, with the name inside that directory."
        raise AlreadyExists(spot.resolved.written, hint=hint)
    if not overwrite:
        raise AlreadyExists(spot.resolved.written, hint="Give another name, or overwrite=true.")
    return found


def set_aside(record: Recording, spot: Spot, path: str, size: int) -> None:
    """Copy what is about to be replaced into the journal, whole; nothing with history off."""
    if record.id is None:
        return
    name, place = record.reserve(size)
    with place:
        copy_any(spot, place, Plan(), record.job)
    record.add(Removed(path=path, blob=name))


def rename_over(job: Job, source: Spot, to: Spot, old: os.stat_result | None) -> None:
    """Give what is at `source` the other name; it replaces `old`, or nothing where that is None.

    Raises:
        AlreadyExists: something has appeared there.
        ToolError: `conflict`, the old thing was changed meanwhile.
    """
    if old is not None and not _same(to, old):
        message = f"`{to.resolved.written}` was changed by someone else meanwhile; nothing was moved."
        raise ToolError(message, code="conflict", retryable=True)
    source.rename(to, replace=old is not None)
    if job.fsync == "full":
        to.sync()


def flush(job: Job, spot: Spot) -> None:
    """Flush a file that is about to get its name, as the operator wants it."""
    if job.fsync != "off" and stat.S_ISREG(spot.lstat().st_mode):
        with spot.open() as file, mapped(spot.resolved.written):
            os.fsync(file.fd)


def _same(spot: Spot, old: os.stat_result) -> bool:
    try:
        now = spot.lstat()
    except NotFound:
        return False
    return (now.st_ino, now.st_dev, now.st_ctime_ns) == (old.st_ino, old.st_dev, old.st_ctime_ns)
