"""Writing a file so that its name shows the old content or the new, never a mixture. Blocking: call it in a worker.

A draft is a file without a name (O_TMPFILE) or, where the file system has none, one with a random name that listings
hide. Committing it gives it its place in one step.
"""

import os
import secrets
import stat
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from mcp_protocol.errors import ToolError
from mcp_ref_kit.paths import Directory, OpenFile, PathError, Spot, mapped

Fsync = Literal["file", "full", "off"]

# Everything with this prefix is ours: listings hide it, and a stale one is removed.
TEMPORARY_PREFIX = ".mcp-ref-tmp-"
# No call may last this long (300 s at most), so whoever made it is gone.
STALE_SECONDS = 3600.0
# Attributes that the owner of a file expects to stay; capabilities and the like must not pass to new content.
KEPT_ATTRIBUTES = ("user.", "system.posix_acl_access", "security.selinux")


class Draft:
    """New content that has no place yet; closing it without `commit` leaves nothing behind."""

    __slots__ = ("_name", "_spot", "file")

    def __init__(self, spot: Spot) -> None:
        self._spot = spot
        self._name: Spot | None = None
        # An unreachable file may have the final mode at once: umask and default ACLs then apply as for any new file.
        anonymous = spot.anonymous(0o666)
        if anonymous is None:
            self._name = spot.beside(temporary_name())
            anonymous = self._name.create(0o600)
            with mapped(spot.resolved.written):
                os.fchmod(anonymous.fd, 0o666 & ~_umask())
        self.file: OpenFile = anonymous

    def write(self, data: bytes) -> None:
        """Append bytes to the draft."""
        with mapped(self._spot.resolved.written):
            write_all(self.file.fd, data)

    def keep(self, old: OpenFile) -> None:
        """Take over owner, permissions, ACL and extended attributes as far as the system allows; never set-id bits."""
        found = os.fstat(old.fd)
        with mapped(self._spot.resolved.written):
            with suppress(OSError):
                os.fchown(self.file.fd, found.st_uid, found.st_gid)
            os.fchmod(self.file.fd, stat.S_IMODE(found.st_mode) & 0o777)
            copy_attributes(old.fd, self.file.fd)

    def commit(self, old: OpenFile | None = None, *, fsync: Fsync = "file") -> os.stat_result:
        """Put the draft in its place: a new name, or instead of `old` if that is unchanged since it was opened.

        Raises:
            AlreadyExists: there is a file where none was expected.
            ToolError: `conflict`, the old file was changed, replaced or removed meanwhile.
        """
        with mapped(self._spot.resolved.written):
            if fsync != "off":
                os.fsync(self.file.fd)
        if old is None:
            self._settle()
        else:
            self._replace(old)
        self._name = None
        if fsync == "full":
            self._spot.sync()
        return os.fstat(self.file.fd)

    def close(self) -> None:
        """Drop what was not committed."""
        self.file.close()
        if self._name is not None:
            with suppress(PathError):
                self._name.unlink()

    def _settle(self) -> None:
        if self._name is None:
            self._spot.link(self.file)
        else:
            self._name.rename(self._spot)

    def _replace(self, old: OpenFile) -> None:
        if self._name is None:
            name = self._spot.beside(temporary_name())
            name.link(self.file)
            self._name = name
        expect_unchanged(self._spot, old)
        self._name.rename(self._spot, replace=True)


@contextmanager
def drafted(spot: Spot) -> Generator[Draft]:
    """A draft for a spot, dropped at the end unless it was committed."""
    draft = Draft(spot)
    try:
        yield draft
    finally:
        draft.close()


def is_temporary(name: str) -> bool:
    """Whether a name is one of our drafts, which no listing shows."""
    return name.startswith(TEMPORARY_PREFIX)


def sweep(directory: Directory, *, older_than: float = STALE_SECONDS) -> int:
    """Remove drafts that a killed process left in a directory; answers how many."""
    removed = 0
    limit = time.time() - older_than
    with directory.scan() as entries:
        stale = [entry.name for entry in entries if is_temporary(entry.name)]
    for name in stale:
        # Another process may be sweeping too; what cannot be removed is hidden all the same.
        with suppress(PathError, OSError):
            if directory.lstat(name).st_ctime <= limit:
                remove_tree(Spot.within(directory, name))
                removed += 1
    return removed


class Sweeper:
    """Sweeps each directory once, when something is first changed in it."""

    def __init__(self, most: int = 1024) -> None:
        self._most = most
        self._done: set[tuple[int, int]] = set()

    def visit(self, spot: Spot) -> None:
        """Sweep the directory of a spot, unless that has been done."""
        found = os.fstat(spot.parent.fd)
        key = found.st_dev, found.st_ino
        if key in self._done:
            return
        if len(self._done) >= self._most:
            self._done.clear()
        self._done.add(key)
        with (
            suppress(OSError),
            Directory(os.open(".", os.O_RDONLY, dir_fd=spot.parent.fd), spot.guard, spot.resolved) as here,
        ):
            sweep(here)


def expect_unchanged(spot: Spot, old: OpenFile) -> None:
    """Refuse if the spot no longer has the file that was opened, as it was then.

    Raises:
        ToolError: `conflict`.
    """
    written = spot.resolved.written
    try:
        now = spot.lstat()
    except PathError:
        now = None
    if now is None or _identity(now) != _identity(old.stat):
        message = f"`{written}` was changed by someone else meanwhile; nothing was written."
        raise ToolError(message, code="conflict", hint="Read it again.", retryable=True)


def write_all(fd: int, data: bytes) -> None:
    """Write every byte; one call may take fewer."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def copy_attributes(source: int, target: int) -> None:
    """Copy the extended attributes that a user gave, as far as the file system allows."""
    if not hasattr(os, "listxattr"):
        return
    with suppress(OSError):
        for name in os.listxattr(source):
            if name.startswith(KEPT_ATTRIBUTES):
                with suppress(OSError):
                    os.setxattr(target, name, os.getxattr(source, name))


def remove_tree(spot: Spot) -> None:
    """Remove a file, a link, or a directory with everything in it; links are never followed.

    Raises:
        PathError: something in it cannot be removed.
    """
    if not stat.S_ISDIR(spot.lstat().st_mode):
        spot.unlink()
        return
    with spot.open_directory() as directory:
        with directory.scan() as entries:
            names = [entry.name for entry in entries]
        for name in names:
            remove_tree(Spot.within(directory, name))
    spot.rmdir()


def temporary_name() -> str:
    """A fresh name that listings hide."""
    return TEMPORARY_PREFIX + secrets.token_hex(8)


def _identity(found: os.stat_result) -> tuple[int, ...]:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _umask() -> int:
    """The process umask without the race of setting it to read it; the usual one where the system does not tell."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text("ascii").splitlines():
            if line.startswith("Umask:"):
                return int(line.split()[1], 8)
    return 0o022
