"""What lives as long as the server does, and how a tool gets from a caller's path to a place on disk."""

from dataclasses import dataclass
from typing import TypeAlias

from mcp_protocol.server.context import Context
from mcp_ref_filesystem.access.directories import Directories
from mcp_ref_filesystem.access.located import Located
from mcp_ref_filesystem.access.reach import Reach
from mcp_ref_filesystem.change.changes import Changes
from mcp_ref_filesystem.settings import Settings
from mcp_ref_kit.cursors import Cursors
from mcp_ref_kit.watching import Watchers
from mcp_ref_kit.workers import Workers


@dataclass
class State:
    """What one running server is made of: settings, directories, threads, the way of every change, who listens."""

    settings: Settings
    directories: Directories
    workers: Workers
    changes: Changes
    cursors: Cursors
    watchers: Watchers

    async def reach(self, ctx: "Ctx") -> Reach:
        """The directories that this call may reach; maybe none."""
        return await self.directories.reach(ctx)

    async def locate(self, ctx: "Ctx", path: str, *, write: bool = False) -> Located:
        """Place a caller's path in a directory that this call may reach; `write` for anything that changes it.

        Raises:
            OutsideRoot, Ambiguous, InvalidPath
        """
        reach = await self.directories.reach(ctx)
        if reach.needs_disk(path):
            return await self.workers.run(reach.locate, path, write=write)
        return reach.locate(path, write=write)


Ctx: TypeAlias = Context[State]
