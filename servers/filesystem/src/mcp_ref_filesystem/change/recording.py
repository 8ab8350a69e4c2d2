"""One change being written into the journal: what it replaces is kept before anything is touched. Blocking."""

import stat
from typing import Protocol, Self

from msgspec import Struct

from mcp_protocol.errors import ToolError
from mcp_ref_filesystem.change.atomic import Fsync, copy_attributes
from mcp_ref_filesystem.change.copying import copy_bytes
from mcp_ref_filesystem.change.etag import etag_of_file
from mcp_ref_filesystem.history.journal import Journal, usable
from mcp_ref_filesystem.history.steps import AnyStep, Entry, Kept
from mcp_ref_kit.paths import OpenFile, Spot


class Check(Protocol):
    """Says when to stop: `Stop` of a worker, or what stands for several in turn."""

    def check(self) -> None:
        """Do nothing, or raise `Stopped`."""
        ...


class Job(Struct, frozen=True, kw_only=True):
    """What a change needs beside its arguments: the journal, for whom it is, how to flush, when to stop."""

    tool: str
    journal: Journal
    history: bool = True
    caller: str | None = None
    fsync: Fsync = "file"
    stop: Check
    places: tuple[tuple[str, ...], ...] = ()
    """The allowed directories, as names from the root of the file system."""
    most: int = 200_000
    """The most entries that one call visits."""


class Recording:
    """The entry of one change in the making; used as `with Recording(job) as record`.

    Leaving the block before `acted` was called takes the entry back. With history off nothing is kept, unless
    `needed` says that the change itself depends on it (the trash).
    """

    def __init__(self, job: Job, *, needed: bool = False) -> None:
        self.job = job
        self.id = job.journal.new_id() if job.history or needed else None
        self._steps: list[AnyStep] = []
        self._blobs = 0
        self._bytes = 0
        self._saved = False
        self._acted = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.id is not None and not self._acted and (self._blobs or self._saved):
            self.job.journal.drop(self.id)

    def keep(self, old: OpenFile, etag: str | None = None) -> Kept | None:
        """Copy the bytes of a file that is about to be replaced; None with history off."""
        if self.id is None:
            return None
        name, spot = self.reserve(old.stat.st_size)
        with usable(), spot, spot.create() as blob:
            copy_bytes(old.fd, blob.fd, check=self.job.stop.check)
            copy_attributes(old.fd, blob.fd)
        digest = etag if etag is not None else etag_of_file(old.fd, check=self.job.stop.check)
        mode = stat.S_IMODE(old.stat.st_mode) & 0o777
        return Kept(blob=name, etag=digest, mode=mode, mtime_ns=old.stat.st_mtime_ns)

    def reserve(self, size: int) -> tuple[str, Spot]:
        """A name and place in the journal for what takes `size` bytes."""
        if self.id is None:
            raise ToolError("There is no journal to keep this in.", code="io")
        name = f"{self.id}.{self._blobs}"
        self._blobs += 1
        self._bytes += size
        self.job.journal.make_room(self._bytes)
        return name, self.job.journal.spot(name)

    def add(self, step: AnyStep) -> None:
        """Say what is about to be done."""
        self._steps.append(step)

    def save(self) -> str | None:
        """Put the entry on disk: to be called when all steps are known and none is done. Answers its id."""
        if self.id is None or not self._steps:
            return None
        job = self.job
        entry = Entry(
            id=self.id,
            tool=job.tool,
            time=job.journal.clock(),
            caller=job.caller,
            bytes=self._bytes,
            steps=self._steps,
        )
        # Flushed only on request: the journal is for undo, not for surviving a power cut.
        job.journal.save(entry, fsync="full" if job.fsync == "full" else "off")
        self._saved = True
        return self.id

    def acted(self) -> None:
        """Say that from here on something has really changed, so the entry stays whatever happens."""
        self._acted = True
