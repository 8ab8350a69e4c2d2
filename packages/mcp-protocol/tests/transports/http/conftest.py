"""A server whose tools wait, ask, report and announce as tests want, served once for all tests of a module."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, cast

import pytest
from msgspec import Struct

from mcp_protocol.schema import arg
from mcp_protocol.server.app import Server
from mcp_protocol.server.context import Context
from mcp_protocol.server.toolset import Toolset
from mcp_protocol.transports.http.numbered import NumberedStream

Text = Annotated[str, arg("Some text.")]
Region = Annotated[str | None, arg("Where.", extra_json_schema={"x-mcp-header": "Region"})]


class Signals:
    """What tests and tools tell one another; a test waits on threading events, a tool on asyncio ones."""

    def __init__(self) -> None:
        self.started = threading.Event()
        self.cancelled = threading.Event()
        self.finished = threading.Event()
        self.calls: list[str] = []
        self.go: asyncio.Event | None = None

    def reset(self) -> None:
        for event in (self.started, self.cancelled, self.finished):
            event.clear()
        self.calls.clear()
        self.go = None

    def release(self, server: Any) -> None:
        """Let the tool that waits go on."""
        go = self.go
        assert go is not None
        server.soon(go.set)


class Settings(Struct, frozen=True):
    """The signals are shared with the test."""

    signals: Signals


class Name(Struct, frozen=True):
    """Who are you?"""

    name: str


Ctx = Context[Signals]
tools = Toolset[Signals]("tools")


@tools.tool(read_only=True)
async def echo(ctx: Ctx, text: Text) -> str:
    """Say it again."""
    ctx.state.calls.append(text)
    return text


@tools.tool(read_only=True)
async def wait(ctx: Ctx, *, reports: Annotated[bool, arg("Whether to report first.")] = False) -> str:
    """Wait until the test lets go."""
    ctx.state.go = asyncio.Event()
    if reports:
        await ctx.progress(1, 2, "waiting")
    ctx.state.started.set()
    try:
        await ctx.state.go.wait()
    except asyncio.CancelledError:
        ctx.state.cancelled.set()
        raise
    ctx.state.finished.set()
    return "done"


@tools.tool(read_only=True)
async def report(ctx: Ctx, steps: Annotated[int, arg("How many.", ge=1, le=10_000)], label: Text = "") -> str:
    """Report progress."""
    for step in range(steps):
        await ctx.progress(step + 1, steps, label)
        await asyncio.sleep(0)
    return label


@tools.tool(read_only=True)
async def ask(ctx: Ctx) -> str:
    """Ask for a name."""
    ctx.state.started.set()
    answer = await ctx.elicit(Name, "Who are you?")
    return "nobody" if answer is None else answer.name


@tools.tool(read_only=True)
async def part(ctx: Ctx) -> str:
    """End the connection in the middle of the call, and finish on a later one."""
    ctx.state.go = asyncio.Event()
    await cast("NumberedStream", ctx.channel).release()
    ctx.state.started.set()
    await ctx.state.go.wait()
    return "after all"


@tools.tool(read_only=True)
async def here(
    ctx: Ctx, region: Annotated[str | None, arg("Where.", extra_json_schema={"x-mcp-header": "Region"})] = None
) -> str:
    """Say where."""
    del ctx
    return region or "nowhere"


@tools.tool()
async def change(ctx: Ctx) -> str:
    """Announce a change of the tools and of a resource."""
    await ctx.list_changed("tools")
    await ctx.resource_updated("test://thing")
    return "changed"


@tools.tool(read_only=True)
async def big(ctx: Ctx, size: Annotated[int, arg("Characters.", ge=0, le=10_000_000)]) -> str:
    """Many characters."""
    del ctx
    return "x" * size


@tools.resource("test://thing", static=True)
async def thing(ctx: Ctx) -> str:
    """A thing that changes."""
    del ctx
    return "thing"


@asynccontextmanager
async def lifespan(settings: Settings) -> AsyncGenerator[Signals]:
    """The signals are the state."""
    yield settings.signals


server_under_test = Server("http-test", Settings, lifespan, toolsets=[tools], changing=["tools"])


@pytest.fixture(scope="session")
def serve_house(serve_mcp: Callable[..., Any]) -> Callable[..., Any]:
    """`with serve_house(signals, limits=…) as server`: the server above with other bounds."""

    def serve(signals: Signals, **given: Any) -> Any:
        return serve_mcp(server_under_test, Settings(signals), **given)

    return serve


@pytest.fixture(scope="module")
def _served(serve_house: Callable[..., Any]) -> Iterator[tuple[Any, Signals]]:
    signals = Signals()
    with serve_house(signals) as server:
        yield server, signals


@pytest.fixture
def server(_served: tuple[Any, Signals]) -> Any:
    return _served[0]


@pytest.fixture
def signals(_served: tuple[Any, Signals]) -> Signals:
    _served[1].reset()
    return _served[1]


@pytest.fixture
def fresh() -> Signals:
    """Signals for a server of one's own."""
    return Signals()
