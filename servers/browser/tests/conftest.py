"""A browser that all tests of a process share, two sites, and servers and clients that are joined in memory."""

import asyncio
import inspect
import os
import re
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from copy import copy
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import pytest
import pytest_asyncio

from mcp_protocol import Options, ToolError
from mcp_protocol.session.calls import LOCAL, Principal
from mcp_protocol.testing import connect
from mcp_protocol.testing import raw as raw_peers
from mcp_ref_browser.engine.supervisor import Supervisor
from mcp_ref_browser.server import running, server
from mcp_ref_browser.settings import Settings
from mcp_ref_browser.setup.discover import executable
from mcp_ref_browser.tools.aliases import accept_aliases
from mcp_ref_kit.network import Resolver

HERE = Path(__file__).parent
sys.path.append(str(HERE))

from site_of_tests import Site  # noqa: E402  beside this file

# A machine that is busy with other tests starts a browser slowly.
setattr(raw_peers, "_PATIENCE", 40)  # noqa: B010  it is private, and there is no other way

Browse = Callable[..., AbstractAsyncContextManager[Any]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One event loop for all tests here: the browser that they share belongs to it."""
    for item in items:
        if item.path.is_relative_to(HERE) and inspect.iscoroutinefunction(getattr(item, "function", None)):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


def missing(what: str) -> NoReturn:
    """Skip, with the reason; fail where nothing may be missing."""
    if os.environ.get("MCP_TEST_REQUIRE") == "all":
        pytest.fail(f"{what} (and MCP_TEST_REQUIRE=all allows no skip)")
    pytest.skip(what)


class Loose:
    """Makes tasks as a group does, for a supervisor that outlives each test."""

    def __init__(self) -> None:
        self.tasks: set[asyncio.Task[Any]] = set()

    def create_task(self, work: Any) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        return task


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser of this machine."""
    try:
        return executable(Settings())
    except ToolError as error:
        missing(error.message)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def supervisor(chromium: str) -> AsyncGenerator[Supervisor]:
    del chromium
    tasks: Any = Loose()
    shared = Supervisor(Settings(), tasks)
    yield shared
    await shared.close()


@pytest.fixture(scope="session")
def sites() -> Generator[tuple[Site, Site]]:
    """Site A, which knows where B is, and B."""
    other = Site()
    first = Site(other.url)
    yield first, other
    first.close()
    other.close()


@pytest.fixture
def site(sites: tuple[Site, Site]) -> Site:
    sites[0].hits.clear()
    sites[0].posts.clear()
    return sites[0]


@pytest.fixture
def other(sites: tuple[Site, Site]) -> Site:
    sites[1].hits.clear()
    sites[1].connections = 0
    return sites[1]


@pytest.fixture
def browse(supervisor: Supervisor, site: Site) -> Browse:
    """A client of a server of its own that may go to site A."""
    usual = supervisor

    @asynccontextmanager
    async def browsing(
        *,
        revision: str = "2026-07-28",
        resolver: Resolver | None = None,
        principal: Principal = LOCAL,
        answers: Any = None,
        supervisor: Supervisor | None = None,
        **settings: Any,
    ) -> AsyncGenerator[Any]:
        chosen: Any = {"allowed_origins": [site.url], **settings}
        given = Settings(**chosen)
        shared = copy(server)
        shared.lifespan = partial(running, supervisor=supervisor or usual, resolver=resolver)
        options = Options(middleware=(accept_aliases,))
        async with connect(
            shared, given, revision=revision, options=options, principal=principal, answers=answers
        ) as client:
            yield client

    return browsing


def ref_of(result: Any, name: str) -> str:
    """The ref of the node with this role and name in an answer: `button "Go"`."""
    text = result.text if hasattr(result, "text") else str(result)
    found = re.search(rf"{re.escape(name)}(?: \[[a-z=0-9]+\])*? \[ref=((?:f\d+)?e\d+)\]", text)
    assert found, f"{name} is not in {text[:2000]}"
    return found[1]


@pytest.fixture
def ref() -> Callable[[Any, str], str]:
    return ref_of


def done(result: Any) -> Any:
    """The result, which is no error."""
    assert not result.is_error, result.text
    return result


@pytest.fixture
def ok() -> Callable[[Any], Any]:
    return done


@pytest.fixture
def free_port() -> Callable[[], AbstractAsyncContextManager[tuple[int, list[bytes]]]]:
    """A port on which this process itself listens, and what is sent there."""

    @asynccontextmanager
    async def listening() -> AsyncGenerator[tuple[int, list[bytes]]]:
        hits: list[bytes] = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            hits.append(await reader.read(1000))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
            writer.close()

        listener = await asyncio.start_server(serve, "127.0.0.1", 0)
        try:
            yield listener.sockets[0].getsockname()[1], hits
        finally:
            listener.close()

    return listening
