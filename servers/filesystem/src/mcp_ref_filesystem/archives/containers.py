"""Zip and tar archives as one sequence of members, read in bounded memory and time. Blocking.

Nothing is believed that an archive says of itself: sizes are counted while reading, and what a member is called is
for `judged_name` to say.
"""

import io
import lzma
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import IO, NoReturn

from msgspec import Struct

from mcp_protocol.errors import Refused, ToolError
from mcp_ref_filesystem.access.located import Located
from mcp_ref_filesystem.archives.members import ArchiveEntry, MemberKind
from mcp_ref_filesystem.archives.streams import BLOCK, Capped, FileBytes, Unpacked
from mcp_ref_filesystem.results import stamp
from mcp_ref_filesystem.settings import GIB, MIB
from mcp_ref_kit.paths import OpenFile, show
from mcp_ref_kit.workers import Stop

Check = Callable[[], None]

MOST_MEMBERS = 10_000
MOST_BYTES = GIB
# Of an honest archive; a bomb of zeros reaches 1,000. Small ones may be as dense as they like.
MOST_RATIO = 200
SMALL = MIB
# Of a name or a set of attributes; tarfile would read any length whole.
MOST_NAME = 64 * 1024
# Deflate and bzip2 need little memory; what zip calls LZMA may ask for 4 GiB.
ZIP_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2})
# The year 2262: later times do not fit a file system's nanoseconds.
LATEST = 9_223_372_036
# A decoder of xz may ask for 4 GiB; archives made by the usual tools need up to 65 MiB.
XZ_MEMORY = 128 * MIB
GZIP = b"\x1f\x8b"
XZ = b"\xfd7zXZ\x00"
DRIVE = re.compile(r"[A-Za-z]:")


class Member(Struct, frozen=True, kw_only=True):
    """One member: its name as written in the archive, and what it claims to be."""

    name: str
    kind: MemberKind
    size: int
    mtime_ns: int
    mode: int
    counted: bool
    """Whether the meter has its bytes already, because they had to be unpacked to get here."""
    open: Callable[[], IO[bytes]]
    """Its bytes; of a tar only until the next member is asked for."""


class Meter:
    """Counts what is unpacked and ends it when that is more than an honest archive holds."""

    def __init__(self, packed: int, check: Check) -> None:
        self._most = min(MOST_BYTES, max(SMALL, packed * MOST_RATIO))
        self._check = check
        self._bytes = 0
        self._members = 0

    def add(self, count: int) -> None:
        """Count bytes.

        Raises:
            ToolError: `too_large`.
        """
        self._check()
        self._bytes += count
        if self._bytes > self._most:
            message = f"The archive holds more than {self._most} bytes, or {MOST_RATIO} times its own size."
            raise ToolError(message, code="too_large")

    def member(self) -> None:
        """Count a member.

        Raises:
            ToolError: `too_large`.
        """
        self._check()
        self._members += 1
        if self._members > MOST_MEMBERS:
            raise ToolError(f"The archive has more than {MOST_MEMBERS} members.", code="too_large")


def judged_name(name: str) -> tuple[str, ...]:
    """The names of a member's path beneath where it is unpacked.

    Raises:
        Refused: it leads elsewhere, or is no name at all.
    """
    parts = tuple(part for part in name.split("/") if part not in {"", "."})
    elsewhere = name.startswith(("/", "\\")) or DRIVE.match(name) or ".." in re.split(r"[/\\]", name)
    if elsewhere or not parts or "\0" in name:
        raise Refused(f"The archive has a member {name[:100]!r} that leads out of it.", code="denied_policy")
    return parts


def list_members(stop: Stop, target: Located, skip: int, most: int) -> list[ArchiveEntry]:
    """Some members of an archive, in its order."""
    with target.open() as file, opened_archive(file, Meter(file.stat.st_size, stop.check)) as members:
        return [
            ArchiveEntry(name=show(one.name), type=one.kind, size=one.size, mtime=stamp(one.mtime_ns))
            for one in islice(members, skip, skip + most)
        ]


@contextmanager
def opened_archive(file: OpenFile, meter: Meter) -> Generator[Iterator[Member]]:
    """The members of an archive, in its order.

    Raises:
        ToolError: `invalid_argument`, it is none or damaged; `too_large`.
    """
    written = file.resolved.written
    begins = file.read_at(0, 512)
    try:
        if begins.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            with zipfile.ZipFile(Capped(FileBytes(file), BLOCK)) as archive:
                yield _zip_members(archive, meter)
        else:
            counted = begins.startswith((GZIP, XZ))
            with tarfile.open(fileobj=_unpacked(file, begins, meter), mode="r|", tarinfo=Header) as archive:
                yield _tar_members(archive, meter, counted=counted)
    except DAMAGE as error:
        raise ToolError(
            f"`{written}` is damaged, encrypted or no zip, tar, tar.gz or tar.xz archive.", code="invalid_argument"
        ) from error


# What the standard library's readers raise on crafted headers; encrypted members are a RuntimeError.
DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    lzma.LZMAError,
    zlib.error,
    EOFError,
    NotImplementedError,
    ValueError,
    OverflowError,
    IndexError,
    RuntimeError,
    struct.error,
)


class Header(tarfile.TarInfo):
    """A tar header that does not trust its own numbers.

    A negative size loops for ever in Python before 3.11.14 (CVE-2025-8194); a long one is read whole into memory, and
    parsing it is quadratic before 3.11.10 (CVE-2024-6232).
    """

    def _block(self, count: int) -> int:
        if count < 0:
            raise tarfile.ReadError("negative size")
        return _ORIGINAL["_block"](self, count)

    def _proc_pax(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        self._require_short()
        return _ORIGINAL["_proc_pax"](self, archive)

    def _proc_gnulong(self, archive: tarfile.TarFile) -> tarfile.TarInfo:
        self._require_short()
        return _ORIGINAL["_proc_gnulong"](self, archive)

    def _proc_sparse(self, *_: object) -> NoReturn:
        raise NotImplementedError("sparse files")

    _proc_gnusparse_00 = _proc_gnusparse_01 = _proc_gnusparse_10 = _proc_sparse

    def _require_short(self) -> None:
        if self.size > MOST_NAME:
            raise tarfile.ReadError("a header is too long")


_ORIGINAL = vars(tarfile.TarInfo)


def _unpacked(file: OpenFile, begins: bytes, meter: Meter) -> IO[bytes]:
    """The tar stream in a file, unpacked if need be."""
    if begins.startswith(GZIP):
        return io.BufferedReader(Unpacked(file, partial(zlib.decompressobj, 31), meter.add), BLOCK)
    if begins.startswith(XZ):
        decoder = partial(lzma.LZMADecompressor, lzma.FORMAT_XZ, XZ_MEMORY)
        return io.BufferedReader(Unpacked(file, decoder, meter.add), BLOCK)
    return io.BufferedReader(FileBytes(file), BLOCK)


def _zip_members(archive: zipfile.ZipFile, meter: Meter) -> Iterator[Member]:
    for info in archive.infolist():
        meter.member()
        if info.compress_type not in ZIP_METHODS:
            raise NotImplementedError("this compression")
        mode = info.external_attr >> 16
        kind: MemberKind = "directory" if info.is_dir() else "file"
        if stat.S_IFMT(mode) not in {0, stat.S_IFREG, stat.S_IFDIR}:
            kind = "link" if stat.S_ISLNK(mode) else "other"
        yield Member(
            name=info.filename,
            kind=kind,
            size=info.file_size,
            mtime_ns=_zip_time(info),
            mode=mode & 0o777,
            counted=False,
            open=partial(archive.open, info),
        )


def _zip_time(info: zipfile.ZipInfo) -> int:
    try:
        return int(datetime(*info.date_time, tzinfo=UTC).timestamp()) * 1_000_000_000
    except ValueError:  # a zip may hold the 31st of February
        return 0


def _tar_members(archive: tarfile.TarFile, meter: Meter, *, counted: bool) -> Iterator[Member]:
    for info in archive:
        meter.member()
        kind: MemberKind = "file" if info.isreg() else "directory" if info.isdir() else "other"
        if info.issym() or info.islnk():
            kind = "link"
        seconds = int(info.mtime)
        yield Member(
            name=info.name,
            kind=kind,
            size=info.size,
            mtime_ns=seconds * 1_000_000_000 if 0 <= seconds < LATEST else 0,
            mode=info.mode & 0o777,
            counted=counted,
            open=partial(_tar_bytes, archive, info),
        )


def _tar_bytes(archive: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    stream = archive.extractfile(info)
    if stream is None:
        raise tarfile.ReadError("no content")
    return stream
