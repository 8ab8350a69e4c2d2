"""The way of every change: lock the paths, then work in a thread that can be told to stop."""

from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any, Concatenate, ParamSpec, TypeVar

from msgspec.structs import replace

from mcp_protocol import Context
from mcp_ref_filesystem.access.located import Located
from mcp_ref_filesystem.access.places import Place
from mcp_ref_filesystem.change.atomic import Sweeper
from mcp_ref_filesystem.change.locks import Locks
from mcp_ref_filesystem.change.recording import Check, Job
from mcp_ref_filesystem.change.saving import absolute
from mcp_ref_filesystem.history.journal import Journal
from mcp_ref_filesystem.settings import Settings
from mcp_ref_kit.paths import PathError
from mcp_ref_kit.workers import Stop, Workers

P = ParamSpec("P")
Result = TypeVar("Result")


class Changes:
    """What the tools that change something share for the life of the server."""

    def __init__(self, settings: Settings, journal: Journal, workers: Workers, places: Iterable[Place] = ()) -> None:
        self.journal = journal
        self._settings = settings
        self._workers = workers
        self._places = tuple(place.real.parts[1:] for place in places)
        self._locks = Locks()
        self._sweeper = Sweeper()

    async def run(
        self,
        ctx: Context[Any],
        tool: str,
        targets: Iterable[Located | str],
        function: Callable[Concatenate[Job, P], Result],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Result:
        """Call `function(job, ...)` in a worker while the targets (or absolute paths) are locked.

        A cancelled call waits until the thread has let go: the locks cover all of the work, and what was begun is
        either finished or taken back.
        """
        job = self.job(ctx, tool, Stop())
        async with self.locked(targets):
            return await self._workers.run_stoppable(_stoppable, job, function, args, kwargs)

    def job(self, ctx: Context[Any], tool: str, stop: Check) -> Job:
        """What the work of one call needs beside its arguments."""
        settings = self._settings
        return Job(
            tool=tool,
            journal=self.journal,
            history=settings.history == "on",
            caller=None if ctx.transport == "stdio" else ctx.principal.key,
            fsync=settings.fsync,
            stop=stop,
            places=self._places,
            most=settings.max_visited,
        )

    @asynccontextmanager
    async def locked(self, targets: Iterable[Located | str]) -> AsyncGenerator[None]:
        """Hold the locks of the targets for the length of the block."""
        names = await self._workers.run(_prepared, targets, self._sweeper)
        async with self._locks.hold(names):
            yield

    def close(self) -> None:
        """Let go of the journal."""
        self.journal.close()


def _prepared(targets: Iterable[Located | str], sweeper: Sweeper) -> list[str]:
    """What the paths are locked as; other spellings of one are caught when the change is made."""
    names: list[str] = []
    for target in targets:
        if isinstance(target, str):
            names.append(target)
            continue
        names.append(absolute(target, target.path))
        with suppress(PathError), target.root.parent(target.path) as spot:
            sweeper.visit(spot)
    return names


def _stoppable(
    stop: Stop, job: Job, function: Callable[..., Result], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Result:
    return function(replace(job, stop=stop), *args, **kwargs)
