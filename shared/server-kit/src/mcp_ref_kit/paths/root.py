"""One allowed directory, held as a handle; every path is resolved by the kernel or by our own walk beneath it.

With `openat2` a path without links is one system call; where links are in the way, or where the call is missing
(old kernels, containers that forbid it, macOS), every component is opened without following and links are resolved
here. So the path after links is always known exactly, for the very thing that was opened. Everything blocks: call it
in a worker thread. Windows has no calls relative to a directory handle: no directory can be opened as a root there.
"""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeVar

from msgspec import Struct

from mcp_ref_kit.paths.errors import PathError, RootItself, from_system, mapped
from mcp_ref_kit.paths.flags import CLOEXEC, LISTING, NOFOLLOW, PASSING, PATH
from mcp_ref_kit.paths.guard import Guard, Policy
from mcp_ref_kit.paths.handles import Directory, Handle, OpenFile, directory_of, existing, file_of
from mcp_ref_kit.paths.kernel import (
    RESOLVE_BENEATH,
    RESOLVE_NO_MAGICLINKS,
    RESOLVE_NO_SYMLINKS,
    RESOLVE_NO_XDEV,
    kernel,
)
from mcp_ref_kit.paths.names import JailPath, spellings
from mcp_ref_kit.paths.spot import Spot
from mcp_ref_kit.paths.walk import Base, Walk

Found = TypeVar("Found")

# The kernel's answers that mean "look closer": a link on the way, a way out, a race, a very long path.
_WALK_INSTEAD = frozenset({errno.ELOOP, errno.EXDEV, errno.EAGAIN, errno.ENAMETOOLONG})
_STRAIGHT = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS


class Seen(Struct, frozen=True):
    """What was found at a path, and the path beneath the root after links."""

    stat: os.stat_result
    resolved: JailPath


class Root:
    """One allowed directory. Paths are relative to it; a str is parsed as a caller's text first.

    `path` is as configured (absolute), `real` the same without links; an absolute link inside may use either.
    """

    __slots__ = ("_base", "_handle", "_identity", "_resolve", "guard", "path", "read_only", "real")

    def __init__(self, handle: Handle, path: Path, real: Path, *, read_only: bool, policy: Policy, fast: bool) -> None:
        """Made by `open_root` and `narrowed`."""
        found = os.fstat(handle.fd)
        self.path = path
        self.real = real
        self.read_only = read_only
        self.guard = Guard(policy, found.st_dev)
        self._handle = handle
        self._identity = (found.st_dev, found.st_ino)
        self._resolve = _STRAIGHT | (RESOLVE_NO_XDEV if policy.one_filesystem else 0)
        aliases = tuple(dict.fromkeys((path.parts[1:], real.parts[1:])))
        self._base = Base(handle, self.guard, aliases, kernel() if fast else None)

    @property
    def fd(self) -> int:
        """The directory's descriptor; never close it, never use it with names that were not judged."""
        return self._handle.fd

    @property
    def mechanism(self) -> Literal["openat2", "walk"]:
        """How paths without links are resolved."""
        return "walk" if self._base.kernel is None else "openat2"

    def open(self, path: JailPath | str, flags: int = os.O_RDONLY) -> OpenFile:
        """Open an existing regular file; links inside are followed. Creating and truncating go through `parent`.

        Raises:
            OutsideRoot, NotFound, NotAFile, NotADirectory, TooManyLinks, LinkRefused, HardLinked, PathError
        """
        wanted = existing(flags)
        return self._forgiving(path, lambda spelled: file_of(*self._opened(spelled, wanted)))

    def open_directory(self, path: JailPath | str) -> Directory:
        """Open a directory for listing; links inside are followed."""
        return self._forgiving(path, lambda spelled: directory_of(*self._opened(spelled, LISTING)))

    def parent(self, path: JailPath | str, *, follow: bool = False, exact: bool = False) -> Spot:
        """The directory and last name of a path that need not exist, to act on the name itself.

        `follow`: where a link has the name, the spot is that of its target (writing through a link keeps the link).
        `exact`: do not look for the composed, decomposed or escaped form of a name that does not exist.

        Raises:
            RootItself: the path is the directory itself.
        """
        return self._forgiving(path, lambda spelled: self._spot(spelled, follow=follow, exact=exact))

    def stat(self, path: JailPath | str) -> Seen:
        """What is at a path, links inside followed; nothing is opened, so any kind of file will do."""
        return self._forgiving(path, lambda spelled: self._seen(spelled, follow=True))

    def lstat(self, path: JailPath | str) -> Seen:
        """What is at a path, a link at its end not followed."""
        return self._forgiving(path, lambda spelled: self._seen(spelled, follow=False))

    def readlink(self, path: JailPath | str) -> str:
        """The target text of a link (system spelling: `show` it)."""
        with self.parent(path) as spot:
            return spot.readlink()

    def narrowed(self, path: JailPath | str) -> "Root":
        """A directory inside as a root of its own, with the same policy.

        Raises:
            NotFound, NotADirectory, OutsideRoot
        """
        with self.open_directory(path) as directory:
            below = directory.resolved.parts
            asked = path.parts if isinstance(path, JailPath) else JailPath.parse(path).parts
            return Root(
                Kept(directory.take()),
                self.path.joinpath(*asked),
                self.real.joinpath(*below),
                read_only=self.read_only,
                policy=self.guard.policy,
                fast=self._base.kernel is not None,
            )

    def is_current(self) -> bool:
        """Whether the configured path still names the directory that is held."""
        try:
            found = self.real.lstat()
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == self._identity

    def close(self) -> None:
        """Close the handle; also done when the last reference goes."""
        self._handle.close()

    def _forgiving(self, path: JailPath | str, act: Callable[[JailPath], Found]) -> Found:
        """Act on a path; if nothing is there, on its other spelling, if it has just one."""
        asked = path if isinstance(path, JailPath) else JailPath.parse(path)
        try:
            return act(asked)
        except OSError as error:
            other = self._respelled(asked) if error.errno == errno.ENOENT else None
            if other is None:
                raise from_system(error, asked.written) from error
        with mapped(asked.written):
            return act(other)

    def _opened(self, path: JailPath, flags: int) -> tuple[int, Guard, JailPath]:
        fd = self._straight(path.parts, flags)
        if fd is not None:
            return fd, self.guard, _collapsed(path)
        with Walk(self._base, path) as walk:
            fd = walk.open(flags)
            return fd, self.guard, walk.resolved

    def _straight(self, parts: tuple[str, ...], flags: int) -> int | None:
        """A descriptor if the kernel gets there without any link; None if we have to walk."""
        if self._base.kernel is None:
            return None
        try:
            return self._base.kernel.open(self.fd, "/".join(parts) or ".", flags, self._resolve)
        except OSError as error:
            if error.errno in _WALK_INSTEAD:
                return None
            raise

    def _seen(self, path: JailPath, *, follow: bool) -> Seen:
        fd = self._straight(path.parts, PATH | CLOEXEC | (0 if follow else NOFOLLOW)) if PATH else None
        if fd is None:
            with Walk(self._base, path) as walk:
                return Seen(walk.look(follow=follow), walk.resolved)
        try:
            found = os.fstat(fd)
            self.guard.admit(fd, found, path.written)
        finally:
            os.close(fd)
        return Seen(found, _collapsed(path))

    def _spot(self, path: JailPath, *, follow: bool, exact: bool) -> Spot:
        spot = self._straight_spot(path, follow=follow) or self._walked_spot(path, follow=follow)
        try:
            self.guard.admit(spot.parent.fd, os.fstat(spot.parent.fd), path.written)
            return spot if exact else _respelled_spot(spot)
        except BaseException:  # whatever happens, the handle has no other owner yet
            spot.close()
            raise

    def _straight_spot(self, path: JailPath, *, follow: bool) -> Spot | None:
        if not path.parts or path.name == "..":
            return None
        fd = self._straight(path.parts[:-1], PASSING)
        if fd is None:
            return None
        spot = Spot(Handle(fd), self.guard, path.name, _collapsed(path))
        if follow and _is_link(spot):
            spot.close()
            return None
        return spot

    def _walked_spot(self, path: JailPath, *, follow: bool) -> Spot:
        with Walk(self._base, path) as walk:
            reached = walk.parent(follow=follow)
            if reached is None:
                raise RootItself(path.written)
            fd, name = reached
            return Spot(Handle(fd), self.guard, name, walk.resolved)

    def _respelled(self, path: JailPath) -> JailPath | None:
        if not any(spellings(part) for part in path.parts):
            return None
        names: tuple[str, ...] = ()
        for part in path.parts:
            there = [name for name in (part, *spellings(part)) if self._has((*names, name))]
            if part not in there and len(there) != 1:
                return None
            names = (*names, part if part in there else there[0])
        return JailPath(names, path.written)

    def _has(self, parts: tuple[str, ...]) -> bool:
        try:
            self._seen(JailPath(parts), follow=False)
        except (OSError, PathError):
            return False
        return True


class Kept(Handle):
    """A root's descriptor: replaced roots go when the last call that uses them ends."""

    __slots__ = ()

    def __del__(self) -> None:
        self.close()


def _collapsed(path: JailPath) -> JailPath:
    """The path without `..`: no link is on it and every part exists, so `..` undoes the part before."""
    if ".." not in path.parts:
        return path
    names: list[str] = []
    for part in path.parts:
        if part == "..":
            names.pop()
        else:
            names.append(part)
    return JailPath(tuple(names), path.written)


def _is_link(spot: Spot) -> bool:
    try:
        return stat.S_ISLNK(spot.lstat().st_mode)
    except PathError:  # nothing there, or a name too long: whoever acts on it says so
        return False


def _respelled_spot(spot: Spot) -> Spot:
    """The same spot under the one other spelling that exists, if its own does not."""
    others = spellings(spot.name)
    if not others or spot.exists():
        return spot
    there = [other for name in others if (other := spot.beside(name)).exists()]
    return there[0] if len(there) == 1 else spot
