"""Making an archive from files and directories. Blocking, stoppable."""

import io
import os
import stat
import tarfile
import time
import zipfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import IO, Literal, Protocol

from msgspec import Struct

from mcp_protocol import ToolError
from mcp_ref_filesystem.access.located import Located
from mcp_ref_filesystem.archives.containers import MOST_BYTES, MOST_MEMBERS, Check
from mcp_ref_filesystem.archives.streams import BLOCK, FileBytes
from mcp_ref_filesystem.change.atomic import drafted
from mcp_ref_filesystem.change.making import place_of
from mcp_ref_filesystem.change.recording import Job, Recording
from mcp_ref_filesystem.change.saving import absolute
from mcp_ref_filesystem.change.trees import file_mark
from mcp_ref_filesystem.history.steps import Placed
from mcp_ref_filesystem.search.match import Globs
from mcp_ref_filesystem.search.walk import Cut, Scope, Walk
from mcp_ref_filesystem.settings import GIB, MIB
from mcp_ref_kit.paths import AlreadyExists, JailPath, OpenFile, PathError, mapped

# A zip knows no earlier time.
EARLIEST_ZIP = (1980, 1, 1, 0, 0, 0)
FORMATS = {".zip": "zip", ".tar": "", ".tar.gz": "gz", ".tgz": "gz", ".tar.xz": "xz", ".txz": "xz"}


class Packed(Struct, frozen=True, kw_only=True):
    """How much went in, what was left out, and how large the archive is."""

    files: int
    bytes: int
    denied: int
    skipped: int
    change: str | None


class Piece(Struct, frozen=True):
    """Something to put in: a file or directory of one of the sources, and its name in the archive."""

    source: Located
    path: JailPath
    name: str
    directory: bool


class Writer(Protocol):
    """Puts files and directories into an archive that is being made."""

    def directory(self, name: str, found: os.stat_result) -> None:
        """Put in a directory."""
        ...

    def file(self, name: str, file: OpenFile) -> None:
        """Put in a file."""
        ...


def pack(job: Job, sources: list[Located], destination: Located, exclude: Globs, *, max_depth: int) -> Packed:
    """Make a new archive; what a rule denies is left out and counted, as are links and special files.

    Raises:
        AlreadyExists: the destination is there.
        ToolError: `too_large`.
    """
    form = _format(destination)
    with Recording(job) as record, place_of(destination, exact=True) as spot, drafted(spot) as draft:
        if spot.exists():
            raise AlreadyExists(destination.written)
        packing = Packing(job, exclude, max_depth)
        with (
            os.fdopen(os.dup(draft.file.fd), "r+b") as stream,
            _writer(form, stream, destination, job.stop.check) as writer,
        ):
            for source in sources:
                for piece in packing.pieces(source):
                    packing.put(piece, writer)
        found = os.fstat(draft.file.fd)
        record.add(Placed(path=absolute(destination, spot.resolved), mark=file_mark(found)))
        job.stop.check()
        change = record.save()
        draft.commit(fsync=job.fsync)
        record.acted()
    return Packed(
        files=packing.files, bytes=found.st_size, denied=packing.denied, skipped=packing.skipped, change=change
    )


class Packing:
    """What has been put in so far."""

    def __init__(self, job: Job, exclude: Globs, max_depth: int) -> None:
        self._job = job
        self._exclude = exclude
        self._max_depth = max_depth
        self._names: set[str] = set()
        self._bytes = 0
        self.files = 0
        self.denied = 0
        self.skipped = 0

    def pieces(self, source: Located) -> Iterator[Piece]:
        """A file, or a directory and what is beneath it."""
        found = source.lstat()
        name = "/".join(source.path.parts)
        if stat.S_ISREG(found.stat.st_mode):
            yield Piece(source, found.resolved, name, directory=False)
            return
        if not stat.S_ISDIR(found.stat.st_mode):
            self.skipped += 1
            return
        if name:
            yield Piece(source, found.resolved, name, directory=True)
        scope = Scope(exclude=self._exclude, max_depth=self._max_depth, max_visited=self._job.most)
        walk = Walk(source, scope, Globs(["**"]))
        try:
            for visit in walk:
                for child in visit.names:
                    if child in visit.listed.odd:
                        self.skipped += 1
                        continue
                    below = "/".join(filter(None, (name, visit.folder.path + child)))
                    yield Piece(source, visit.folder.handle.resolved.child(child), below, visit.directory)
        except Cut as cut:
            raise ToolError("There are too many entries to pack.", code="too_large") from cut
        self.denied += walk.denied
        self.skipped += walk.unreadable + walk.unseen

    def put(self, piece: Piece, writer: Writer) -> None:
        """Put a piece in, unless a rule denies it or it has gone meanwhile.

        Raises:
            ToolError: `too_large`.
        """
        self._job.stop.check()
        if piece.name in self._names:
            return
        self._names.add(piece.name)
        if len(self._names) > MOST_MEMBERS:
            raise ToolError(f"There are more than {MOST_MEMBERS} entries to pack.", code="too_large")
        root = piece.source.root
        try:
            handle = root.open_directory(piece.path) if piece.directory else root.open(piece.path)
        except PathError:
            self.skipped += 1
            return
        with handle:
            # Judged by where it really is: a link may have taken its place.
            if not piece.source.allows(handle.resolved, makes="directory" if piece.directory else "file"):
                self.denied += 1
            elif isinstance(handle, OpenFile):
                self._put_file(piece.name, handle, writer)
            else:
                writer.directory(piece.name, os.fstat(handle.fd))

    def _put_file(self, name: str, file: OpenFile, writer: Writer) -> None:
        self._bytes += file.stat.st_size
        if self._bytes > MOST_BYTES:
            raise ToolError(f"There are more than {MOST_BYTES} bytes to pack.", code="too_large")
        writer.file(name, file)
        self.files += 1


class ZipWriter:
    """A zip archive, deflated."""

    def __init__(self, archive: zipfile.ZipFile, check: Check) -> None:
        self._archive = archive
        self._check = check

    def directory(self, name: str, found: os.stat_result) -> None:
        """Put in a directory."""
        info = self._info(f"{name}/", found)
        info.external_attr |= 0x10  # MS-DOS calls it a directory, too
        self._archive.writestr(info, b"")

    def file(self, name: str, file: OpenFile) -> None:
        """Put in a file."""
        info = self._info(name, file.stat)
        info.compress_type = zipfile.ZIP_DEFLATED
        with self._archive.open(info, "w", force_zip64=file.stat.st_size >= GIB) as stream:
            _copy(file, stream, self._check)

    def _info(self, name: str, found: os.stat_result) -> zipfile.ZipInfo:
        moment = time.gmtime(found.st_mtime)[:6]
        info = zipfile.ZipInfo(name, max(moment, EARLIEST_ZIP))
        info.create_system = 3  # Unix: the mode counts
        info.external_attr = (found.st_mode & 0o170777) << 16
        return info


class TarWriter:
    """A tar archive, compressed or not."""

    def __init__(self, archive: tarfile.TarFile, check: Check) -> None:
        self._archive = archive
        self._check = check

    def directory(self, name: str, found: os.stat_result) -> None:
        """Put in a directory."""
        info = self._info(name, found)
        info.type = tarfile.DIRTYPE
        self._archive.addfile(info)

    def file(self, name: str, file: OpenFile) -> None:
        """Put in a file, as long as it was when it was opened."""
        info = self._info(name, file.stat)
        info.size = file.stat.st_size
        self._check()
        self._archive.addfile(info, io.BufferedReader(FileBytes(file), BLOCK))

    def _info(self, name: str, found: os.stat_result) -> tarfile.TarInfo:
        info = tarfile.TarInfo(name)
        info.mode = found.st_mode & 0o777
        info.mtime = int(found.st_mtime)
        return info


def _copy(file: OpenFile, stream: IO[bytes], check: Check) -> None:
    at = 0
    while block := file.read_at(at, MIB):
        check()
        stream.write(block)
        at += len(block)


@contextmanager
def _writer(form: str, stream: IO[bytes], destination: Located, check: Check) -> Generator[Writer]:
    """The writer of a format; closing it completes the archive.

    Raises:
        ToolError: `conflict`, a file shrank while it was read.
    """
    try:
        with mapped(destination.written):
            if form == "zip":
                with zipfile.ZipFile(stream, "w") as archive:
                    yield ZipWriter(archive, check)
            else:
                mode: Literal["w:", "w:gz", "w:xz"] = "w:gz" if form == "gz" else "w:xz" if form == "xz" else "w:"
                with tarfile.open(fileobj=stream, mode=mode) as archive:
                    yield TarWriter(archive, check)
    except UnicodeEncodeError as error:
        message = "A name is not Unicode, and a zip holds no other."
        raise ToolError(message, code="encoding", hint="Make a tar archive.") from error
    except tarfile.ReadError as error:
        raise ToolError("A file became shorter while it was packed.", code="conflict", retryable=True) from error


def _format(destination: Located) -> str:
    name = destination.path.name.lower()
    for ending, form in FORMATS.items():
        if name.endswith(ending):
            return form
    message = f"`{destination.written}` has no ending of an archive: {', '.join(FORMATS)}."
    raise ToolError(message, code="invalid_argument")
