"""One way down from a directory, a component at a time, links resolved here and never by the system.

Each directory passed is held open, and `..` goes back to the handle before: whatever is renamed meanwhile, no step
leads out. Correct wherever `os.open` knows `dir_fd`.
"""

import errno
import os
import stat
from typing import Self

from msgspec import Struct

from mcp_ref_kit.paths.errors import LinkRefused, OtherFilesystem, OutsideRoot, TooManyLinks
from mcp_ref_kit.paths.flags import NOFOLLOW, PASSING
from mcp_ref_kit.paths.guard import Guard
from mcp_ref_kit.paths.handles import Handle
from mcp_ref_kit.paths.kernel import RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS, RESOLVE_NO_XDEV, Kernel
from mcp_ref_kit.paths.names import JailPath

# What Linux follows before it gives up (MAXSYMLINKS).
MOST_LINKS = 40

# How systems say that O_NOFOLLOW met a link; ENOTDIR comes from Linux when O_DIRECTORY was asked for too.
_MET_LINK = frozenset({errno.ELOOP, errno.EMLINK, errno.ENOTDIR})
_ONE_STEP = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV


class Base(Struct, frozen=True):
    """Where a walk starts: a directory, its guard, and the absolute paths under which links may name it."""

    handle: Handle
    guard: Guard
    aliases: tuple[tuple[str, ...], ...]
    kernel: Kernel | None

    def open_at(self, directory: int, name: str, flags: int) -> int:
        """Open one name; where mounts are off the kernel is asked, which also sees bind mounts of the same device."""
        if self.kernel is None or not self.guard.policy.one_filesystem:
            return os.open(name, flags, dir_fd=directory)
        return self.kernel.open(directory, name, flags, _ONE_STEP)


class Walk:
    """One descent. `top` is the directory reached, `names` how it was reached after links."""

    __slots__ = ("_base", "_fds", "_links", "_todo", "_written", "names")

    def __init__(self, base: Base, path: JailPath) -> None:
        self._base = base
        self._written = path.written
        self._todo = list(reversed(path.parts))
        self._fds: list[int] = []
        self._links = 0
        self.names: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        while self._fds:
            os.close(self._fds.pop())

    @property
    def top(self) -> int:
        """The directory reached so far; borrowed."""
        return self._fds[-1] if self._fds else self._base.handle.fd

    @property
    def resolved(self) -> JailPath:
        """Where the walk has come to."""
        return JailPath(tuple(self.names), self._written)

    def open(self, flags: int) -> int:
        """Open what the path leads to; `resolved` then names it."""
        while (name := self._last()) is not None:
            try:
                fd = self._base.open_at(self.top, name, flags | NOFOLLOW)
            except OSError as error:
                if not self._met_link(name, error):
                    self._once_more(name, error)
            else:
                self.names.append(name)
                return fd
        return os.open(".", flags, dir_fd=self.top)

    def look(self, *, follow: bool) -> os.stat_result:
        """What the path leads to, without opening it; `resolved` then names it."""
        while (name := self._last()) is not None:
            found = os.stat(name, dir_fd=self.top, follow_symlinks=False)
            if follow and stat.S_ISLNK(found.st_mode):
                if not self._follow(name):
                    self._again(name)
                continue
            self._base.guard.admit_name(self.top, name, found, self._written)
            self.names.append(name)
            return found
        return os.fstat(self.top)

    def parent(self, *, follow: bool) -> tuple[int, str] | None:
        """A handle of its own for the directory of the last name, and that name; None at the start itself."""
        while (name := self._last()) is not None:
            if not (follow and self._is_followed(name)):
                fd = self._fds.pop() if self._fds else os.dup(self.top)
                self.names.append(name)
                return fd, name
        if not self._fds:
            return None
        os.close(self._fds.pop())  # the path ends in `..`: the last directory entered is what it names
        return (self._fds.pop() if self._fds else os.dup(self.top)), self.names[-1]

    def _last(self) -> str | None:
        """Enter directories until one name is left; None when the path ends in the directory reached."""
        while self._todo:
            name = self._todo.pop()
            if name == "..":
                self._leave()
            elif name != ".":
                if not self._todo:
                    return name
                self._enter(name)
        return None

    def _enter(self, name: str) -> None:
        try:
            fd = self._base.open_at(self.top, name, PASSING | NOFOLLOW)
        except OSError as error:
            if not self._met_link(name, error):
                raise
            return
        self._fds.append(fd)
        self.names.append(name)
        if self._base.guard.policy.one_filesystem:
            self._base.guard.admit(fd, os.fstat(fd), self._written)

    def _leave(self) -> None:
        if not self._fds:
            raise OutsideRoot(self._written)
        os.close(self._fds.pop())
        self.names.pop()

    def _is_followed(self, name: str) -> bool:
        try:
            return self._follow(name)
        except FileNotFoundError:
            return False

    def _follow(self, name: str) -> bool:
        """Queue what the link of that name says; False if it is no link (any more)."""
        try:
            target = os.readlink(name, dir_fd=self.top)
        except OSError as error:
            if error.errno == errno.EINVAL:
                return False
            raise
        if self._base.guard.policy.symlinks == "never":
            raise LinkRefused(self._written)
        self._count()
        self._queue(target)
        return True

    def _queue(self, target: str) -> None:
        parts = [part for part in target.split("/") if part not in {"", "."}]
        if target.startswith("/"):
            parts = self._inside(parts)
            while self._fds:
                self._leave()
        if target.endswith(("/", "/.")):
            parts.append(".")  # what it names must then be a directory
        self._todo.extend(reversed(parts))

    def _inside(self, parts: list[str]) -> list[str]:
        """The rest of an absolute target beneath the base, by whole components."""
        for alias in self._base.aliases:
            if tuple(parts[: len(alias)]) == alias:
                return parts[len(alias) :]
        raise OutsideRoot(self._written)

    def _met_link(self, name: str, error: OSError) -> bool:
        """Whether opening failed because of a link, which is then queued."""
        if error.errno == errno.EXDEV:
            raise OtherFilesystem(self._written) from error
        if error.errno not in _MET_LINK:
            raise error
        return self._follow(name)

    def _once_more(self, name: str, error: OSError) -> None:
        """The link that was met is gone; a file where a directory should be is a plain error."""
        if error.errno == errno.ENOTDIR:
            raise error
        self._again(name)

    def _again(self, name: str) -> None:
        self._count()
        self._todo.append(name)

    def _count(self) -> None:
        self._links += 1
        if self._links > MOST_LINKS:
            raise TooManyLinks(self._written)
