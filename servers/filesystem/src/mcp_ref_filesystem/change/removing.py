"""Deleting: into the journal, from where it can be brought back, or for good. Blocking."""

import stat
from typing import Literal

from msgspec import Struct

from mcp_protocol import ToolError
from mcp_ref_filesystem.access.contents import judge_contents
from mcp_ref_filesystem.access.located import Located
from mcp_ref_filesystem.change.atomic import remove_tree, temporary_name
from mcp_ref_filesystem.change.desktop import to_desktop_trash
from mcp_ref_filesystem.change.etag import etag_of_file
from mcp_ref_filesystem.change.moving import rename_anywhere
from mcp_ref_filesystem.change.recording import Job, Recording
from mcp_ref_filesystem.change.saving import absolute, expect_etag
from mcp_ref_filesystem.change.trees import found_spot, measured, refuse_around
from mcp_ref_filesystem.history.steps import Removed
from mcp_ref_filesystem.results import Kind, kind_of
from mcp_ref_kit.paths import NotEmpty, PathError, Spot

# Where deleted things go.
Way = Literal["journal", "desktop", "nowhere"]


class Deleted(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """How much went."""

    path: str
    files: int
    trashed: bool
    change_id: str | None = None


class DeleteResult(Deleted, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The same with all that is known; trashed: it can be brought back."""

    type: Kind
    bytes: int


def delete(
    job: Job, target: Located, *, recursive: bool, to: Way = "journal", if_match: str | None = None
) -> DeleteResult:
    """Delete a file, a link (never what it leads to) or a directory, in one step."""
    with Recording(job, needed=to == "journal") as record:
        spot, found = found_spot(target, write=True)
        with spot:
            refuse_around(job, target, spot.resolved)
            if stat.S_ISDIR(found.st_mode):
                _judge_directory(job, target, spot, recursive=recursive)
            if if_match is not None:
                with spot.open() as file:
                    expect_etag(target.written, if_match, etag_of_file(file.fd, check=job.stop.check))
            size = measured(spot, job)
            job.stop.check()
            change = None
            if to == "journal":
                change = to_journal(record, spot, absolute(target, spot.resolved), size.bytes)
            elif to == "desktop":
                to_desktop_trash(spot)
            else:
                _remove_for_good(spot)
    return DeleteResult(
        path=target.written,
        type=kind_of(found.st_mode),
        files=size.files,
        bytes=size.bytes,
        trashed=to != "nowhere",
        change_id=change,
    )


def to_journal(record: Recording, spot: Spot, path: str, size: int) -> str | None:
    """Move what is at a spot into the journal; answers the change's id.

    Raises:
        ToolError: `too_large` for the journal.
    """
    try:
        name, place = record.reserve(size)
    except ToolError as error:
        if error.code != "too_large":
            raise
        hint = "In admin mode permanent=true deletes it for good; the operator can raise --history-max-mb."
        raise ToolError(error.message, code=error.code, hint=hint) from error
    with place:
        record.add(Removed(path=path, blob=name))
        change = record.save()
        rename_anywhere(record.job, spot, place, None)
        record.acted()
    return change


def _remove_for_good(spot: Spot) -> None:
    """Under a hidden name first, so that nobody meets half a directory; what cannot be removed comes back."""
    gone = spot.beside(temporary_name())
    spot.rename(gone)
    try:
        remove_tree(gone)
    except PathError:
        gone.rename(spot)
        raise


def _judge_directory(job: Job, target: Located, spot: Spot, *, recursive: bool) -> None:
    with spot.open_directory() as directory:
        if not recursive:
            with directory.scan() as entries:
                if next(entries, None) is not None:
                    raise NotEmpty(target.written, hint="Give recursive=true to delete all that is in it.")
        judge_contents(target, directory, job.stop, most=job.most, taken=True, to=None)
