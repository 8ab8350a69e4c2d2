"""The places that a recorded change names, reached as the caller of now may reach them. Blocking."""

import os
from collections.abc import Callable

from mcp_protocol import ToolError
from mcp_ref_filesystem.access.located import Located
from mcp_ref_filesystem.access.rules import Kind, Parts
from mcp_ref_filesystem.change.etag import etag_of_file
from mcp_ref_filesystem.change.recording import Job
from mcp_ref_filesystem.change.trees import RULE_KINDS
from mcp_ref_filesystem.results import kind_of
from mcp_ref_kit.paths import NotADirectory, NotAFile, NotFound, OpenFile, Spot, show


class Scene:
    """Absolute paths of the journal, each placed in a directory of the caller and judged as a write.

    `freed` are the paths that steps already checked will leave empty.
    """

    def __init__(self, at: Callable[[Parts, str], Located]) -> None:
        self._at = at
        self.freed: set[str] = set()

    def located(self, path: str) -> Located:
        """The path in one of the caller's directories.

        Raises:
            OutsideRoot: it is in none of them.
        """
        return self._at(tuple(path.strip("/").split("/")), self.shown(path))

    def shown(self, path: str) -> str:
        """The path as a caller may read it."""
        return "/".join(show(name) for name in path.split("/"))

    def spot(self, path: str, *, makes: Kind | None = None) -> Spot:
        """The place, judged for what is there, or for what is to be made there; links are not followed.

        Raises:
            NotFound: the directory that it was in is gone.
        """
        target = self.located(path)
        spot = target.root.parent(target.path, exact=True)
        try:
            if makes is None:
                makes = RULE_KINDS[kind_of(spot.lstat().st_mode)] if spot.exists() else "file"
            target.judge(spot.resolved, write=True, makes=makes)
        except BaseException:  # whatever happens, the handle has no other owner yet
            spot.close()
            raise
        return spot

    def lstat(self, path: str) -> os.stat_result | None:
        """What is there, or None."""
        try:
            with self.spot(path) as spot:
                return spot.lstat()
        except (NotFound, NotADirectory):
            return None

    def is_free(self, path: str) -> bool:
        """Whether nothing is there, or nothing will be."""
        return path in self.freed or self.lstat(path) is None

    def etag(self, path: str, job: Job) -> str | None:
        """The etag of the file there; None if nothing is.

        Raises:
            ToolError: `conflict`, it is no file any more.
        """
        try:
            with self.spot(path) as spot, self.file(spot, path) as file:
                return etag_of_file(file.fd, check=job.stop.check)
        except (NotFound, NotADirectory):
            return None

    def file(self, spot: Spot, path: str) -> OpenFile:
        """The regular file there.

        Raises:
            ToolError: `conflict`, it is no file any more.
        """
        try:
            return spot.open()
        except NotAFile as error:
            raise self.conflict(path) from error

    def conflict(self, path: str) -> ToolError:
        """The refusal because of a path that is not as the change left it."""
        return ToolError(
            f"`{self.shown(path)}` has changed since; nothing was undone.",
            code="conflict",
            hint="Undo the later changes first, or edit the file.",
        )
