"""What lives as long as the server does, and how a tool gets from a call to a repository under its lock."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeAlias

from mcp_protocol.server.context import Context
from mcp_ref_git.access.locks import Locks
from mcp_ref_git.access.repositories import Repositories, Repository
from mcp_ref_git.access.submodules import Submodules
from mcp_ref_git.errors import Unsafe
from mcp_ref_git.program.runner import Git
from mcp_ref_git.remotes.addresses import Permit
from mcp_ref_git.repository import Opened
from mcp_ref_git.settings import Settings
from mcp_ref_kit.cursors import Cursors
from mcp_ref_kit.watching import Watchers
from mcp_ref_kit.workers import Workers


@dataclass
class State:
    """What one running server is made of."""

    settings: Settings
    git: Git
    repositories: Repositories
    submodules: Submodules
    locks: Locks
    workers: Workers
    cursors: Cursors
    watchers: Watchers
    permits: list[Permit]

    def opened(self, repository: Repository) -> Opened:
        """A repository for the length of a call that holds its lock."""
        return Opened(self.git, self.workers, self.settings, repository)

    @asynccontextmanager
    async def reading(self, ctx: "Ctx", repo_path: str | None) -> AsyncGenerator[Opened]:
        """The repository of a call that only looks, beside others that do.

        Raises:
            ToolError: there is none, it is not allowed, or it is not safe.
        """
        repository = await self.repositories.find(ctx, repo_path)
        async with self.locks.hold(repository.found.common_dir, write=False):
            yield self.opened(repository)

    @asynccontextmanager
    async def writing(self, ctx: "Ctx", repo_path: str | None) -> AsyncGenerator[Opened]:
        """The repository of a call that changes it, alone.

        Raises:
            ToolError: there is none, it is not allowed, or it is not safe.
        """
        repository = await self.repositories.find(ctx, repo_path)
        async with self.locks.hold(repository.found.common_dir, write=True):
            # Whoever was before us may have changed what counts.
            repository = await self.repositories.find(ctx, repo_path)
            if repository.shifts:
                raise Unsafe(
                    "The configuration of this repository includes a file of its work tree, which a change could turn"
                    " into a program to run; it can only be read here."
                )
            repository = await self.submodules.hardened(repository)
            yield self.opened(repository)


Ctx: TypeAlias = Context[State]
