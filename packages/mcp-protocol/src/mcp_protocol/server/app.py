"""A server as its author writes it, and the same server running: `Server` and `App`."""

import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Generic, TypeVar

from msgspec import Struct
from msgspec.json import encode

from mcp_protocol.errors import InvalidParams
from mcp_protocol.limits import Limits
from mcp_protocol.revisions import Revision
from mcp_protocol.server.catalog import Catalog
from mcp_protocol.server.channel import Channel
from mcp_protocol.server.dispatch import Middleware, Reply, answer, chain
from mcp_protocol.server.feeds import Feeds
from mcp_protocol.server.listing import Cursors
from mcp_protocol.server.services import Services
from mcp_protocol.server.subscriptions import Kind
from mcp_protocol.server.toolset import ToolEntry, Toolset
from mcp_protocol.session.calls import Call
from mcp_protocol.session.legacy import LegacySession
from mcp_protocol.session.profile import Profile
from mcp_protocol.session.seal import Seal
from mcp_protocol.types import (
    CacheScope,
    Icon,
    Implementation,
    PromptReference,
    ResourceTemplateReference,
    Result,
)
from mcp_protocol.types.wire import encode_result

Settings = TypeVar("Settings")
State = TypeVar("State")

Lifespan = Callable[[Settings], AbstractAsyncContextManager[State]]


class Options(Struct, frozen=True, kw_only=True):
    """What whoever runs a server decides, beside the server's own settings.

    `state_key` seals cursors and requestState: give all replicas the same 32 bytes; None makes a random one.
    `open_to_all` says that callers are not told apart, so answers may be cached for everyone.
    """

    limits: Limits = Limits()
    middleware: tuple[Middleware, ...] = ()
    state_key: bytes | None = None
    open_to_all: bool = True


class Server(Generic[Settings, State]):
    """A name, a settings type, a lifespan that makes the state from settings, and toolsets that work on it.

    `changing` names the lists that can change while the server runs (`ctx.list_changed`).
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
    ) -> None:
        self.name = name
        self.settings_type = settings_type
        self.lifespan = lifespan
        self.toolsets = tuple(toolsets)
        self.instructions = instructions
        self.changing = frozenset(changing)
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
        narrower = object.__new__(type(self))
        narrower.__dict__.update(self.__dict__)
        narrower.tools = tuple(tool for tool in self.tools if keep(tool))
        return narrower

    @asynccontextmanager
    async def run(self, settings: Settings, options: Options | None = None) -> AsyncIterator["App"]:
        """Enter the lifespan and answer calls until the block ends."""
        async with self.lifespan(settings) as state:
            app = App(self, state, options or Options())
            try:
                yield app
            finally:
                app.close()


class App:
    """One running server: what transports hand calls to."""

    def __init__(self, server: Server[Any, Any], state: Any, options: Options) -> None:
        self.state = state
        self.info = server.info
        self.instructions = server.instructions
        self.limits = options.limits
        self.open_to_all = options.open_to_all
        self.catalog = Catalog(server.toolsets, server.tools, server.changing)
        self.capabilities = self.catalog.capabilities()
        self.profile = Profile(methods=self.catalog.methods(), limits=options.limits)
        self.services = Services(options.limits, Seal(options.state_key or secrets.token_bytes(32)))
        self.cursors = Cursors(self.services)
        self.feeds = Feeds(self)
        self.pages: dict[tuple[Any, ...], bytes] = {}
        self.run_handler = chain(options.middleware, self)
        self._info_bytes = encode(self.info)

    @property
    def list_scope(self) -> CacheScope:
        """Who may share a cached list: everyone, unless callers are told apart."""
        return "public" if self.open_to_all else "private"

    async def answer(self, call: Call, channel: Channel) -> Reply:
        """Run one call to its reply; only cancellation escapes."""
        return await answer(self, call, channel)

    async def follow(self, session: LegacySession, send: Callable[[bytes], Any]) -> None:
        """Send a legacy session the changes it subscribed to, until cancelled."""
        await self.feeds.follow(session, send)

    def encoded(self, result: Result, revision: Revision) -> bytes:
        """The result's bytes in a revision."""
        return encode_result(result, revision, server_info=self._info_bytes)

    def check_reference(self, reference: PromptReference | ResourceTemplateReference) -> None:
        """Refuse a completion for what does not exist.

        Raises:
            InvalidParams: there is no such prompt or template.
        """
        if isinstance(reference, PromptReference):
            self.catalog.prompt(reference.name)
        elif all(template.definition.uri_template != reference.uri for template in self.catalog.templates):
            raise InvalidParams("Unknown resource template")

    def close(self) -> None:
        """End all subscriptions gracefully: their listeners are told."""
        self.services.hub.close()
