"""A caller's path, placed in one allowed directory: everything done through it is jailed and judged by the rules.

Blocking, all of it: call it in a worker thread. Errors call the path what the caller called it.
"""

import os

from mcp_ref_kit.paths import Directory, JailPath, OpenFile, Root, Seen, Spot


class Located:
    """One path in one directory. `written` is the caller's text, `write` whether it was located for writing."""

    __slots__ = ("_place", "_reach", "path", "write")

    path: JailPath
    write: bool

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
        raise NotImplementedError

    def open(self, flags: int = os.O_RDONLY) -> OpenFile:
        """Open the regular file here; links inside are followed, and what they lead to is judged.

        With O_WRONLY, O_RDWR or O_APPEND it is judged as a write. No O_CREAT, no O_TRUNC: see `spot`.

        Raises:
            Refused: a rule denies it, or the directory is read-only.
            PathError: it cannot be opened.
        """
        raise NotImplementedError

    def open_directory(self) -> Directory:
        """Open the directory here for listing; judge each child with `allows` before its content is used."""
        raise NotImplementedError

    def spot(self, *, follow: bool = False, exact: bool = False) -> Spot:
        """The (parent, name) here for making, renaming or removing, already judged as a write.

        `follow`: through a link, to write its target. `exact`: only this spelling of a name that does not exist.
        """
        raise NotImplementedError

    def lstat(self) -> Seen:
        """What is here, a link not followed; judged as listing is: denied paths may be seen."""
        raise NotImplementedError

    def stat(self) -> Seen:
        """What is here, links inside followed; denied paths may be seen."""
        raise NotImplementedError

    def readlink(self) -> str:
        """The target text of the link here."""
        raise NotImplementedError

    def allows(self, resolved: JailPath, *, write: bool = False) -> bool:
        """Whether the rules let a path beneath this directory be read (or written): for children found by walking."""
        raise NotImplementedError

    def judge(self, resolved: JailPath, *, write: bool = False) -> None:
        """Do nothing, or refuse.

        Raises:
            Refused: a rule denies it, or the directory is read-only.
        """
        raise NotImplementedError
