"""What lives as long as the server does, and how a call becomes a question to the web."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from msgspec import Struct

from mcp_protocol import Context
from mcp_ref_fetch.faults import BadRequest
from mcp_ref_fetch.pages.reading import Pages
from mcp_ref_fetch.settings import Settings
from mcp_ref_fetch.web.agents import Agent, autonomous
from mcp_ref_fetch.web.client import WebClient
from mcp_ref_fetch.web.robots import Robots
from mcp_ref_kit.cursors import Cursors
from mcp_ref_kit.network import Connector, NetworkFault, Resolver, WebUrl
from mcp_ref_kit.paths import Root
from mcp_ref_kit.workers import Workers

# What a person may want to complete; more is no help.
_MOST_SEEN = 200
_USUAL_HEADERS = frozenset({"accept", "accept-language"})


class World(Struct, frozen=True):
    """What stands between the server and the internet; a test gives its own."""

    resolver: Resolver | None = None
    connector: Connector | None = None
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time


@dataclass
class State:
    """What one running server is made of."""

    settings: Settings
    client: WebClient
    robots: Robots
    pages: Pages
    workers: Workers
    cursors: Cursors
    downloads: Root | None = None
    seen: OrderedDict[str, None] = field(default_factory=OrderedDict[str, None])

    @property
    def agent(self) -> Agent:
        """Who asks for a tool."""
        return autonomous(self.settings)

    def url(self, text: str) -> WebUrl:
        """The URL that a caller wrote.

        Raises:
            NetworkFault: it is none, or may not be asked, as far as its text says.
        """
        try:
            return WebUrl.parse(text)
        except NetworkFault as error:
            shown = text if len(text) <= 200 else text[:200] + "..."  # noqa: PLR2004  enough to be recognised
            raise type(error)(f"`{shown}`: {error.message}", hint=error.hint) from error

    def caller(self, ctx: "Ctx") -> str:
        """To whom snapshots belong; on stdio that is always the same one."""
        return ctx.principal.key

    def headers(self, given: dict[str, str] | None) -> dict[str, str]:
        """The headers of a call, if it may set them.

        Raises:
            BadRequest: one of them is not for callers, or no header.
        """
        allowed = _USUAL_HEADERS | {each.name for each in self.settings.header_allow}
        found: dict[str, str] = {}
        for name, value in (given or {}).items():
            if name.lower() not in allowed:
                raise BadRequest(
                    f"The header {name[:100]!r} may not be set.",
                    hint=f"Allowed are {', '.join(sorted(allowed))}; the operator can add one with --header-allow.",
                )
            if not value.isascii() or not value.isprintable() or len(value) > 1000:  # noqa: PLR2004  longer than any of use
                raise BadRequest(f"The value of the header {name!r} must be one line of ASCII.")
            found[name.lower()] = value
        return found

    def remember(self, ctx: "Ctx", url: str) -> None:
        """Keep a URL for completion; on HTTP callers would see each other's."""
        if ctx.transport == "http":
            return
        self.seen[url] = None
        self.seen.move_to_end(url, last=False)
        while len(self.seen) > _MOST_SEEN:
            self.seen.popitem()


Ctx: TypeAlias = Context[State]
