"""Tools of admin mode that set a file's permissions and times."""

import os
import stat
from datetime import UTC, datetime, timedelta
from typing import Annotated

from msgspec import Struct

from mcp_protocol import ToolError, Toolset, arg
from mcp_ref_filesystem.access.located import Located
from mcp_ref_filesystem.change.recording import Job, Recording
from mcp_ref_filesystem.change.saving import absolute
from mcp_ref_filesystem.history.steps import Altered
from mcp_ref_filesystem.results import Kind, kind_of, stamp
from mcp_ref_filesystem.state import Ctx, State
from mcp_ref_kit.paths import Directory, NotAFile, OpenFile, RootItself, mapped

attributes = Toolset[State]("attributes", default=False)

Target = Annotated[str, arg("Path of the file or directory.")]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PERMISSIONS = 0o777


class Attributes(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What a file's own data say since the change."""

    path: str
    type: Kind
    size: int
    mode: str
    modified: str
    accessed: str
    change_id: str | None = None


class Wanted(Struct, frozen=True, kw_only=True):
    """What is to be set; None stays as it is."""

    mode: int | None = None
    mtime_ns: int | None = None
    atime_ns: int | None = None


@attributes.tool(destructive=True, idempotent=True, open_world=False, admin=True)
async def set_file_mode(
    ctx: Ctx,
    *,
    path: Target,
    mode: Annotated[str, arg("Permissions in octal, such as 644.", pattern="^0?[0-7]{3}$")],
) -> Attributes:
    """Set the permission bits of a file or directory; never set-id or sticky bits."""
    return await _set(ctx, "set_file_mode", path, Wanted(mode=int(mode, 8)))


@attributes.tool(destructive=True, idempotent=True, open_world=False, admin=True)
async def set_file_times(
    ctx: Ctx,
    *,
    path: Target,
    mtime: Annotated[str, arg("Time of the last change, ISO 8601; without an offset in UTC.")],
    atime: Annotated[str, arg("Time of the last access; else it stays.")] | None = None,
) -> Attributes:
    """Set the times of a file or directory."""
    accessed = None if atime is None else nanoseconds("atime", atime)
    return await _set(ctx, "set_file_times", path, Wanted(mtime_ns=nanoseconds("mtime", mtime), atime_ns=accessed))


async def _set(ctx: Ctx, tool: str, path: str, wanted: Wanted) -> Attributes:
    target = await ctx.state.locate(ctx, path, write=True)
    return await ctx.state.changes.run(ctx, tool, [target], set_attributes, target, wanted)


def set_attributes(job: Job, target: Located, wanted: Wanted) -> Attributes:
    """Set what is wanted on the thing itself, which may be reached through a link inside."""
    with Recording(job) as record, _opened(target) as handle, mapped(target.written):
        found = os.fstat(handle.fd)
        target.judge(handle.resolved, write=True, makes="directory" if stat.S_ISDIR(found.st_mode) else "file")
        mode = stat.S_IMODE(found.st_mode)
        new_mode = mode if wanted.mode is None else wanted.mode & PERMISSIONS
        atime = found.st_atime_ns if wanted.atime_ns is None else wanted.atime_ns
        mtime = found.st_mtime_ns if wanted.mtime_ns is None else wanted.mtime_ns
        step = Altered(
            path=absolute(target, handle.resolved),
            mode=(mode, new_mode),
            atime_ns=(found.st_atime_ns, atime),
            mtime_ns=(found.st_mtime_ns, mtime),
        )
        change = None
        if (mode, found.st_mtime_ns, found.st_atime_ns) != (new_mode, mtime, atime):
            record.add(step)
            job.stop.check()
            change = record.save()
            os.fchmod(handle.fd, new_mode)
            if wanted.mtime_ns is not None:
                os.utime(handle.fd, ns=(atime, mtime))
            record.acted()
        return _attributes(target.written, os.fstat(handle.fd), change)


def nanoseconds(argument: str, text: str) -> int:
    """A caller's time in nanoseconds since 1970; without an offset it is UTC.

    Raises:
        ToolError: `invalid_argument`.
    """
    try:
        moment = datetime.fromisoformat(text)
        since = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - EPOCH
    except (ValueError, OverflowError) as error:
        message = f"`{argument}` must be an ISO 8601 date or time, got {text[:40]!r}."
        raise ToolError(message, code="invalid_argument", hint="For example 2026-01-31T12:00:00Z.") from error
    return since // timedelta(microseconds=1) * 1000


def _opened(target: Located) -> OpenFile | Directory:
    """The file or directory; opening for reading is enough to change what belongs to its owner."""
    if not target.path.parts:
        raise RootItself(target.written)
    try:
        return target.root.open(target.path)
    except NotAFile:
        if stat.S_ISDIR(target.stat().stat.st_mode):
            return target.root.open_directory(target.path)
        raise


def _attributes(written: str, found: os.stat_result, change: str | None) -> Attributes:
    return Attributes(
        path=written,
        type=kind_of(found.st_mode),
        size=found.st_size,
        mode=f"{stat.S_IMODE(found.st_mode):04o}",
        modified=stamp(found.st_mtime_ns),
        accessed=stamp(found.st_atime_ns),
        change_id=change,
    )
