"""Pages that hang, storm and trap: each call ends in its time, the next navigation works, and others notice nothing."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio
from lanes_of_tests import Reply, Visitor, over_http
from site_of_tests import PAGES

from mcp_protocol.client import Client
from mcp_ref_browser.sessions import session

Site = Any
HANGING = {
    "at once": "<script>while (1);</script>",
    "when it is left": "<script>addEventListener('pagehide', () => { while (1); })</script>",
    "a little later": "<p>there</p><script>setTimeout(() => { while (1); })</script>",
}
STORMS = {
    "popups": "for (let i = 0; i < 1000; i++) open('/blank?' + i)",
    "popups without ties": "for (let i = 0; i < 100; i++) open('/blank?' + i, '_blank', 'noopener')",
    "states": "let i = 0; setTimeout(() => { while (1) history.pushState({}, '', '?' + i++) }, 100)",
    "places": "let i = 0; setInterval(() => { for (let k = 0; k < 100; k++) location.hash = i++ }, 0)",
    "console": "setInterval(() => { for (let i = 0; i < 300; i++) console.error('x'.repeat(500) + i) }, 10)",
    "errors": "setInterval(() => { for (let i = 0; i < 500; i++) setTimeout(() => { throw Error('x' + i) }) }, 10)",
    "downloads": """for (let i = 0; i < 1000; i++) { const a = document.createElement('a'); a.href = '/file.bin?' + i;
      a.download = i; document.body.append(a); a.click() }""",
    "sockets": """window.all = []; for (let i = 0; i < 3000; i++)
      try { all.push(new WebSocket('ws://' + location.host + '/' + i)) } catch {}""",
    "printing": "setInterval(print, 0); print()",
    "reloads": "location.reload()",
    "navigations": "location = '/storm?' + Math.random()",
}


def more_seconds() -> float:
    """Over its own time, for a call that ends with it; machines that do other things beside are slow."""
    return 1.5 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shared(chromium: str, sites: tuple[Site, Site]) -> AsyncGenerator[Client]:
    """One server for all of these, and a client of it."""
    del chromium
    async with over_http("--allowed-origins", sites[0].url, "--snapshot", "none") as (url, _), Client(url) as client:
        yield client


@asynccontextmanager
async def visitor(client: Client) -> AsyncGenerator[Visitor]:
    made = Reply(await client.call_tool("browser_session", {"action": "create"}))
    yield (own := Visitor(client, made.data["session"]))
    await own.do("browser_session", action="close")


@asynccontextmanager
async def undisturbed(client: Client) -> AsyncGenerator[None]:
    """Somebody else works all the while, and never waits for long."""
    done = asyncio.Event()
    longest = 0.0

    async def work(other: Visitor) -> None:
        nonlocal longest
        while not done.is_set():
            began = time.monotonic()
            await other.run("() => 1")
            longest = max(longest, time.monotonic() - began)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.1):
                    await done.wait()

    async with visitor(client) as other, asyncio.TaskGroup() as group:
        group.create_task(work(other))
        try:
            yield
        finally:
            done.set()
    assert longest < 5 * more_seconds()


@pytest.mark.parametrize("how", HANGING)
async def test_a_page_that_hangs_keeps_nobody_from_the_next(shared: Client, site: Site, how: str) -> None:
    """A navigation out of such a page never ends: the tab is given up, and another one takes its place."""
    PAGES["/hanging"] = f"<title>Hanging</title>{HANGING[how]}"
    async with undisturbed(shared), visitor(shared) as own:
        first = await own.call("browser_navigate", url=f"{site.url}/hanging", timeoutMs=600)
        began = time.monotonic()
        second = await own.call("browser_navigate", url=f"{site.url}/form", timeoutMs=600)
        assert time.monotonic() - began < 2 + more_seconds()
        third = await own.do("browser_navigate", url=f"{site.url}/article")
        found = await own.do("browser_find", text="Rhine")
        tabs = (await own.do("browser_tabs", action="list")).data["tabs"]
    assert "timeout" in {first.error_code, second.error_code}
    assert third.data["page"]["title"] == "Article"
    assert found.data["result"]["total"] >= 1
    assert len(tabs) == 1


async def test_a_server_that_is_slow_does_not_cost_the_tab(shared: Client, site: Site) -> None:
    """What waits for the network is no page that hangs: history and session storage stay."""
    async with visitor(shared) as own:
        await own.do("browser_navigate", url=f"{site.url}/form")
        await own.run("() => { sessionStorage.kept = 'yes' }")
        assert await own.code("browser_navigate", url=f"{site.url}/slow", timeoutMs=300) == "timeout"
        page = await own.do("browser_navigate", url=f"{site.url}/article")
        kept = await own.run("() => sessionStorage.kept")
    assert page.data["page"]["tab"] == "t1"
    assert kept == "yes"


async def test_a_page_that_keeps_megabytes_does_not_fill_the_server_with_them(shared: Client, site: Site) -> None:
    """What a death of the browser would lose is asked for after every action, and held for each origin."""
    async with visitor(shared) as own:
        await own.do("browser_navigate", url=f"{site.url}/blank")
        await own.run("() => { localStorage.small = 'x'.repeat(1000) }")
        small = await own.run(session.STORED)
        await own.run("() => { for (let i = 0; i < 4; i++) localStorage[i] = 'x'.repeat(1e6) }")
        large = await own.run(session.STORED)
        await own.run("() => localStorage.clear()")
    assert [name for name, _ in small["entries"]] == ["small"]
    assert large == {"origin": site.url, "entries": []}


@pytest.mark.parametrize("kind", STORMS)
async def test_a_storm_of_a_page_is_over_with_the_next_navigation(shared: Client, site: Site, kind: str) -> None:
    """Each call has its answer or its error in its time, and there is a page to go on with."""
    PAGES["/storm"] = f"<title>Storm</title><body><script>{STORMS[kind]}</script>"
    async with undisturbed(shared), visitor(shared) as own:
        for tool, arguments in (
            ("browser_navigate", {"url": f"{site.url}/storm"}),
            ("browser_evaluate", {"function": "() => document.title"}),
        ):
            began = time.monotonic()
            await own.call(tool, timeoutMs=1000, **arguments)
            assert time.monotonic() - began < 2 + 2 * more_seconds()
        while (reply := await own.call("browser_navigate", url=f"{site.url}/article", timeoutMs=3000)).is_error:
            assert reply.error_code in {"timeout", "crashed", "failed"}, reply.text
            assert time.monotonic() - began < 8 * more_seconds(), reply.text
        found = await own.do("browser_find", text="Rhine")
        tabs = (await own.do("browser_tabs", action="list")).data["tabs"]
    assert found.data["result"]["total"] >= 1
    assert len(tabs) <= 11  # the one to go on with has room, whoever was faster
