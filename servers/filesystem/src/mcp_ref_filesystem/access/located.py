"""A caller's path, placed in one allowed directory: everything done through it is jailed and judged by the rules.

Blocking, all of it: call it in a worker thread. Errors call the path what the caller called it.
"""

import os
from collections.abc import Callable
from typing import TypeVar

from mcp_ref_filesystem.access.rules import Kind, Parts, Rules
from mcp_ref_kit.paths import Directory, JailPath, OpenFile, Root, Seen, Spot

Opened = TypeVar("Opened", OpenFile, Directory, Spot)

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_APPEND


class Located:
    """One path in one directory. `written` is the caller's text, `write` whether it was located for writing."""

    __slots__ = ("_found", "_open_root", "_rules", "path", "write")

    def __init__(self, open_root: Callable[[], Root], path: JailPath, rules: Rules, *, write: bool) -> None:
        self._open_root = open_root
        self._rules = rules
        self._found: Root | None = None
        self.path = path
        self.write = write

    @property
    def written(self) -> str:
        """The path as the caller wrote it."""
        return self.path.written

    @property
    def root(self) -> Root:
        """The directory that the path is in, opened (again) if need be; its own methods do not ask the rules.

        Raises:
            NotFound: the directory does not exist at the moment.
        """
        if self._found is None:
            self._found = self._open_root()
        return self._found

    def open(self, flags: int = os.O_RDONLY) -> OpenFile:
        """Open the regular file here; links inside are followed, and what they lead to is judged.

        With O_WRONLY, O_RDWR or O_APPEND it is judged as a write. No O_CREAT, no O_TRUNC: see `spot`.

        Raises:
            Refused: a rule denies it, or the directory is read-only.
            PathError: it cannot be opened.
        """
        file = self.root.open(self.path, flags)
        return self._judged(file, file.resolved, write=bool(flags & _WRITING))

    def open_directory(self) -> Directory:
        """Open the directory here for listing; judge each child with `allows` before its content is used."""
        directory = self.root.open_directory(self.path)
        return self._judged(directory, directory.resolved, write=False)

    def spot(self, *, follow: bool = False, exact: bool = False, makes: Kind = "file") -> Spot:
        """The (parent, name) here for making, renaming or removing, already judged as a write.

        `follow`: through a link, to write its target. `exact`: only this spelling of a name that does not exist.
        `makes`: what will be put there; only a directory may be called `.git`.
        """
        spot = self.root.parent(self.path, follow=follow, exact=exact)
        return self._judged(spot, spot.resolved, write=True, makes=makes)

    def lstat(self) -> Seen:
        """What is here, a link not followed; not judged: denied paths may be seen."""
        return self.root.lstat(self.path)

    def stat(self) -> Seen:
        """What is here, links inside followed; not judged: denied paths may be seen."""
        return self.root.stat(self.path)

    def readlink(self) -> str:
        """The target text of the link here."""
        return self.root.readlink(self.path)

    def allows(self, resolved: JailPath, *, write: bool = False, makes: Kind = "file") -> bool:
        """Whether the rules let a path beneath this directory be read (or written): for children found by walking."""
        return self._rules.refusal(self.parts(resolved), write=write, makes=makes) is None

    def allows_all(self, resolved: JailPath) -> bool:
        """Whether no rule denies anything in a directory: a walk then need not ask for each entry."""
        return not self._rules.denies_within(self.parts(resolved))

    def judge(self, resolved: JailPath, *, write: bool = False, makes: Kind = "file") -> None:
        """Do nothing, or refuse.

        Raises:
            Refused: a rule denies it, or the directory is read-only.
        """
        refusal = self._rules.refusal(self.parts(resolved), write=write, makes=makes)
        if refusal is not None:
            raise refusal.error(resolved.written)

    def parts(self, resolved: JailPath) -> Parts:
        """A path beneath this directory as the rules see it: the names from the root of the file system."""
        return (*self.root.real.parts[1:], *resolved.parts)

    def _judged(self, opened: Opened, resolved: JailPath, *, write: bool, makes: Kind = "file") -> Opened:
        try:
            self.judge(resolved, write=write, makes=makes)
        except BaseException:  # whatever happens, what was opened has no other owner yet
            opened.close()
            raise
        return opened
