"""What lives as long as the server does, and how a call gets its session ready."""

import asyncio
import logging
import os
from collections.abc import Coroutine, Mapping
from typing import Any, TypeAlias

from mcp_protocol.server.context import Context
from mcp_ref_browser.answer.redact import Redactor
from mcp_ref_browser.engine.supervisor import Supervisor
from mcp_ref_browser.guard.origins import OriginPattern
from mcp_ref_browser.sessions.artifacts import Artifact, ArtifactStore
from mcp_ref_browser.sessions.downloads import Downloads
from mcp_ref_browser.sessions.files import Files
from mcp_ref_browser.sessions.registry import Make, Registry, sweep
from mcp_ref_browser.sessions.session import Facts, Session
from mcp_ref_browser.settings import Settings
from mcp_ref_browser.setup.preset import Preset
from mcp_ref_kit.cursors import Cursors
from mcp_ref_kit.workers import Workers

_log = logging.getLogger(__name__)

# Trees of this many nodes are taken one per processor.
HEAVY_NODES = 2000


class State:
    """One running server: settings and what they decide, the browser, the sessions, files and artifacts."""

    def __init__(
        self,
        settings: Settings,
        preset: Preset,
        workers: Workers,
        tasks: asyncio.TaskGroup,
        supervisor: Supervisor,
    ) -> None:
        self.settings = settings
        self.preset = preset
        self.workers = workers
        self.cursors = Cursors(settings.state_key)
        self.vault = preset.vault
        self.supervisor = supervisor
        self.registry = Registry(settings.max_sessions, settings.session_ttl)
        self.store = ArtifactStore(settings.output_dir, settings.output_max_size, workers, self._evicted)
        self.files = Files(settings, workers)
        self.heavy = asyncio.Semaphore(os.cpu_count() or 1)
        self._tasks = tasks
        self._spawned: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside the calls; what goes wrong there is logged and nothing else."""
        task = self._tasks.create_task(_guarded(work))
        self._spawned.add(task)
        task.add_done_callback(self._spawned.discard)

    def cancel(self) -> None:
        """Stop what is done beside the calls."""
        for task in self._spawned:
            task.cancel()

    async def ready(self, session: Session) -> None:
        """Have the session open in a living browser.

        Raises:
            BrowserError: `browser_unavailable`.
        """
        engine = await self.supervisor.engine()
        await session.open(engine, self.preset.dial(session.policy))

    def maker(
        self,
        *,
        name: str | None = None,
        context: Mapping[str, Any] | None = None,
        narrower: tuple[OriginPattern, ...] = (),
    ) -> Make:
        """What makes a session; `context` are options over those of the server.

        Raises:
            BrowserError: it would be allowed more than the server is.
        """
        settings = self.settings
        policy = self.preset.policy(narrower)
        first = len(self.registry) == 0 and settings.user_data_dir is not None

        def make(handle: str, owner: str) -> Session:
            facts = Facts(
                handle=handle,
                owner=owner,
                name=name,
                context={**self.preset.context, **(context or {})},
                max_tabs=settings.max_tabs,
                dialogs=settings.dialogs,
                dialog_seconds=settings.timeout_dialog,
                init_script=self.preset.init_script,
                profile=str(settings.user_data_dir) if first else None,
            )
            downloads = Downloads(self.store, settings.download_max, allowed=settings.downloads == "allow")
            return Session(facts, policy, Redactor(self.vault.pairs), self.spawn, downloads)

        return make

    async def end(self, session: Session) -> None:
        """End a session with all that it has."""
        self.registry.remove(session)
        await session.close()
        await self.store.forget(session.handle)

    async def sweep(self) -> None:
        """End what nobody uses, for ever."""
        await sweep(self.registry, self.end, self._rest)

    async def close(self) -> None:
        """End every session."""
        async with asyncio.TaskGroup() as group:
            for session in self.registry:
                group.create_task(session.close())

    async def _rest(self) -> None:
        """The browser ends when there was no session for long."""
        if self.supervisor.running is not None and self.registry.idle_seconds > self.settings.idle_timeout:
            await self.supervisor.close()

    def _evicted(self, artifact: Artifact) -> None:
        for session in self.registry:
            if session.handle == artifact.session:
                session.events.add("evicted", f"{artifact.name} made room for newer artifacts.", uri=artifact.uri)
                session.artifact_signal.fire()


async def _guarded(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:  # noqa: BLE001  an exception would end the group, and with it the server
        _log.exception("something beside the calls failed")


Ctx: TypeAlias = Context[State]
