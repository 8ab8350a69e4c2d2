"""Putting content into one file, recorded so that it can be undone. Blocking: call it in a worker."""

import os
from collections.abc import Generator
from contextlib import contextmanager

from mcp_protocol.errors import ToolError
from mcp_ref_filesystem.access.located import Located
from mcp_ref_filesystem.change.atomic import Draft, drafted, expect_unchanged, write_all
from mcp_ref_filesystem.change.copying import copy_bytes
from mcp_ref_filesystem.change.etag import etag_of, etag_of_file
from mcp_ref_filesystem.change.recording import Recording
from mcp_ref_filesystem.history.steps import Appended, Wrote
from mcp_ref_kit.paths import Forbidden, JailPath, NotFound, OpenFile, Spot, mapped


@contextmanager
def existing(spot: Spot) -> Generator[OpenFile | None]:
    """The regular file at a spot, or None if nothing is there.

    Raises:
        NotAFile: something else is there.
        Forbidden: it may not be written.
    """
    try:
        old = spot.open()
    except NotFound:
        yield None
        return
    with old:
        # A rename would replace a file that its owner has made read-only, without asking anyone.
        if os.access in os.supports_effective_ids and not os.access(
            spot.name, os.W_OK, dir_fd=spot.parent.fd, effective_ids=True, follow_symlinks=False
        ):
            raise Forbidden(spot.resolved.written, f"`{spot.resolved.written}` is marked read-only.")
        yield old


def absolute(target: Located, resolved: JailPath) -> str:
    """A path beneath the target's directory as the journal names it."""
    return "/" + "/".join(target.parts(resolved))


def expect_etag(written: str, wanted: str | None, found: str | None) -> None:
    """Refuse when the caller has seen another content than there is.

    Raises:
        ToolError: `conflict`.
    """
    if wanted is None or wanted == found:
        return
    state = "does not exist" if found is None else f"has the etag {found}"
    raise ToolError(
        f"`{written}` {state}, not {wanted[:64]}: it has changed since it was read.",
        code="conflict",
        hint="Read it again and repeat the change on what it holds now.",
    )


def store(record: Recording, target: Located, spot: Spot, old: OpenFile | None, data: bytes) -> tuple[str, str | None]:
    """Replace `old`, or create the file where that is None; answers the new etag and the change's id.

    Raises:
        ToolError: `conflict`, someone else changed the file meanwhile.
    """
    etag = etag_of(data)
    with drafted(spot) as draft:
        draft.write(data)
        if old is not None:
            draft.keep(old)
        before = None if old is None else record.keep(old)
        record.add(Wrote(path=absolute(target, spot.resolved), before=before, after=etag))
        return etag, commit(record, draft, old)


def commit(record: Recording, draft: Draft, old: OpenFile | None) -> str | None:
    """Save the entry, then make the change: the last point at which a cancelled call still changes nothing."""
    record.job.stop.check()
    change = record.save()
    draft.commit(old, fsync=record.job.fsync)
    record.acted()
    return change


def append(record: Recording, target: Located, spot: Spot, old: OpenFile, data: bytes) -> str | None:
    """Put bytes at the end of a file; answers the change's id. Other names of the file keep the old content."""
    if os.fstat(old.fd).st_nlink > 1:
        with drafted(spot) as draft:
            copy_bytes(old.fd, draft.file.fd, check=record.job.stop.check)
            os.lseek(draft.file.fd, 0, os.SEEK_END)
            draft.write(data)
            draft.keep(old)
            after = etag_of_file(draft.file.fd, check=record.job.stop.check)
            record.add(Wrote(path=absolute(target, spot.resolved), before=record.keep(old), after=after))
            return commit(record, draft, old)
    with spot.open(os.O_RDWR | os.O_APPEND) as file, mapped(target.written):
        expect_unchanged(spot, old)
        step = Appended(
            path=absolute(target, spot.resolved),
            size=file.stat.st_size,
            length=len(data),
            added=etag_of(data),
            mtime_ns=file.stat.st_mtime_ns,
        )
        record.add(step)
        record.job.stop.check()
        change = record.save()
        _append_whole(file, data)
        record.acted()
        if record.job.fsync != "off":
            os.fsync(file.fd)
    return change


def _append_whole(file: OpenFile, data: bytes) -> None:
    """Write all or nothing, as far as one can without a second file: what a full disk took is cut off again."""
    before = os.fstat(file.fd).st_size
    try:
        write_all(file.fd, data)
    except OSError:
        if before < os.fstat(file.fd).st_size <= before + len(data):
            os.ftruncate(file.fd, before)
        raise
