"""A server as its author writes it, and the same server running: `Server` and `App`."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Generic, TypeVar

from msgspec import Struct

from mcp_protocol.limits import Limits
from mcp_protocol.server.access import Access
from mcp_protocol.server.catalog import Catalog
from mcp_protocol.server.channel import Channel
from mcp_protocol.server.dispatch import Middleware, Reply, answer, chain
from mcp_protocol.server.entries import ToolEntry
from mcp_protocol.server.feeds import follow
from mcp_protocol.server.running import Identity, Running
from mcp_protocol.server.services import Services
from mcp_protocol.server.skills import Skills
from mcp_protocol.server.subscriptions import Kind
from mcp_protocol.server.task_store import TaskStore
from mcp_protocol.server.tasks import Tasks
from mcp_protocol.server.toolset import Toolset
from mcp_protocol.session.calls import Call, SessionFacts
from mcp_protocol.session.seal import Seal
from mcp_protocol.types import Icon, Implementation

Settings = TypeVar("Settings")
State = TypeVar("State")

Lifespan = Callable[[Settings], AbstractAsyncContextManager[State]]


class Options(Struct, frozen=True, kw_only=True):
    """What whoever runs a server decides, beside the server's own settings.

    `state_key` seals cursors and requestState: give all replicas the same 32 bytes; None makes a random one.
    `open_to_all` says that callers are not told apart, so answers may be cached for everyone; with an `access`,
    which knows what each caller's scopes permit, they always are. `task_store` lets tasks outlive the process;
    without it they are kept in memory.
    """

    limits: Limits = Limits()
    middleware: tuple[Middleware, ...] = ()
    state_key: bytes | None = None
    open_to_all: bool = True
    access: Access | None = None
    task_store: TaskStore | None = None


class Server(Generic[Settings, State]):
    """A name, a settings type, a lifespan that makes the state from settings, and toolsets that work on it.

    `changing` names the lists that can change while the server runs (`ctx.list_changed`). `skills` is a directory: each
    SKILL.md below it, with what is beside it, is a skill that clients can find and read.
    """

    def __init__(  # noqa: PLR0913  an author's vocabulary, all by name but the first three
        self,
        name: str,
        settings_type: type[Settings],
        lifespan: Lifespan[Settings, State],
        *,
        toolsets: Sequence[Toolset[State]],
        version: str = "0",
        title: str | None = None,
        description: str | None = None,
        instructions: str | None = None,
        website_url: str | None = None,
        icons: Sequence[Icon] = (),
        changing: Iterable[Kind] = (),
        skills: Path | None = None,
    ) -> None:
        self.name = name
        self.settings_type = settings_type
        self.lifespan = lifespan
        self.toolsets = tuple(toolsets)
        self.instructions = instructions
        self.changing = frozenset(changing)
        self.skills = skills
        self.tools: tuple[ToolEntry, ...] = tuple(tool for toolset in self.toolsets for tool in toolset.tools)
        self.info = Implementation(
            name=name,
            version=version,
            title=title,
            description=description,
            website_url=website_url,
            icons=list(icons) or None,
        )

    def only(self, keep: Callable[[ToolEntry], bool]) -> "Server[Settings, State]":
        """The same server with fewer tools."""
        return self.adapted(tool for tool in self.tools if keep(tool))

    def adapted(
        self, tools: Iterable[ToolEntry], *, more: Sequence[Toolset[State]] = (), changing: Iterable[Kind] = ()
    ) -> "Server[Settings, State]":
        """The same server with these tools instead of its own, and `more` toolsets: what settings make of it."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other.toolsets = (*self.toolsets, *more)
        other.tools = (*tools, *(tool for toolset in more for tool in toolset.tools))
        other.changing = self.changing | frozenset(changing)
        return other

    @asynccontextmanager
    async def run(self, settings: Settings, options: Options | None = None) -> AsyncGenerator["App", None]:
        """Enter the lifespan and answer calls until the block ends."""
        skills = None if self.skills is None else await _loaded(self.skills)
        async with self.lifespan(settings) as state:
            options = options or Options()
            app = App(self, state, options, skills)
            async with _background(app, options):
                try:
                    yield app
                finally:
                    app.close()


class App(Running):
    """One running server: what transports hand calls to."""

    def __init__(self, server: Server[Any, Any], state: Any, options: Options, skills: Skills | None = None) -> None:
        catalog = Catalog(server.toolsets, server.tools, server.changing, skills)
        services = Services(options.limits, Seal(options.state_key or secrets.token_bytes(32)))
        super().__init__(
            state,
            Identity(server.info, server.instructions),
            catalog,
            services,
            open_to_all=options.open_to_all and options.access is None,
        )
        self.access = options.access
        self._run = chain(self, options.middleware)

    async def answer(self, call: Call, channel: Channel) -> Reply:
        """Run one call to its reply; only cancellation escapes."""
        return await answer(self, self._run, call, channel)

    async def follow(self, session: SessionFacts, send: Callable[[bytes], Awaitable[None]]) -> None:
        """Send a legacy session the changes it subscribed to, until cancelled."""
        await follow(self, session, send)

    def offer(self, tools: Iterable[ToolEntry]) -> None:
        """Offer these tools from now on, and tell everyone who listens; the list must be among the `changing` ones."""
        self.catalog.tools = {tool.name: tool for tool in tools}
        self.pages.clear()
        self.services.hub.list_changed("tools")

    def close(self) -> None:
        """End all subscriptions gracefully: their listeners are told."""
        self.services.hub.close()


async def _loaded(directory: Path) -> Skills:
    from mcp_protocol.server.skill_files import load  # noqa: PLC0415  most servers have no skills, and start sooner

    return await asyncio.to_thread(load, directory)


@asynccontextmanager
async def _background(app: App, options: Options) -> AsyncGenerator[None, None]:
    """What goes on beside the calls, for servers that have it: the tasks."""
    if not app.catalog.has_tasks:
        yield
        return
    async with Tasks(app.services, options.task_store) as app.tasks:
        yield
