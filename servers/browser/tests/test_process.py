"""The server as a real process: on stdio and HTTP, in both eras, many clients at once, and how it ends."""

import asyncio
import contextlib
import os
import re
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from lanes_of_tests import client_of, command, each_revision, each_transport, over_http
from msgspec.json import encode
from processes_of_tests import below, command_of, is_main, needs_proc

from mcp_protocol.client import Client, Command, RemoteError
from mcp_protocol.errors import McpError

Site = Any


async def call(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    assert result.structured_content is not None
    return result.structured_content


async def failure(client: Client, tool: str, **arguments: Any) -> str:
    result = await client.call_tool(tool, arguments)
    assert result.is_error
    assert result.meta
    return result.meta["mcp-ref/error"]["code"]


def left_in(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir() if path.name.startswith(("mcp-ref", "playwright"))]


@each_transport
@each_revision
async def test_the_whole_way_on_every_transport_and_in_every_era(
    chromium: str, site: Site, transport: str, revision: str
) -> None:
    """Cases 1, 2, 4, 6, 17, 18: black box."""
    del chromium
    before = set(below())
    async with client_of(transport, revision, "--allowed-origins", site.url, "--no-evaluate") as client:
        tools = await client.list_tools()
        assert encode(tools) == encode(await client.list_tools())
        assert all(tool.output_schema and tool.annotations for tool in tools)
        await client.list_resources()
        assert await failure(client, "browser_navigate", url="file:///etc/passwd") == "blocked_scheme"
        assert not [words for pid in set(below()) - before if "chrom" in (words := command_of(pid)) or "node" in words]
        opened = await call(client, "browser_navigate", url=f"{site.url}/form")
        handle = opened["session"]
        ref = re.search(r'button "Go" \[ref=(\w+)\]', opened["snapshot"]["text"])
        assert ref
        await call(client, "browser_type", target="#u", text="bob", session=handle)
        clicked = await call(client, "browser_click", target=ref[1], session=handle)
        assert "hi bob" in clicked["snapshot"]["text"]
        assert (
            await failure(client, "browser_navigate", url=f"{site.elsewhere}/form", session=handle) == "blocked_origin"
        )
        assert await failure(client, "browser_navigate", url=f"{site.url}/redir", session=handle) == "blocked_origin"
        with pytest.raises(RemoteError) as caught:
            await client.call_tool("browser_evaluate", {"function": "1"})
        assert caught.value.code == -32602
        if (transport, revision) == ("http", "2026-07-28"):
            assert await failure(client, "browser_snapshot") == "no_session"
        else:
            assert (await call(client, "browser_snapshot"))["session"] == handle


async def test_a_session_that_nobody_was_told_of_is_no_session(chromium: str, site: Site, tmp_path: Path) -> None:
    """Over HTTP in 2026-07-28 a first call that fails returns no handle, so it must not take up room."""
    del chromium
    async with over_http("--allowed-origins", site.url, "--max-sessions", "1") as (url, _), Client(url) as client:
        for _ in range(3):
            assert await failure(client, "browser_navigate", url=f"{site.url}/redir") == "blocked_origin"
        await call(client, "browser_navigate", url=f"{site.url}/form")
    nowhere = ("--executable-path", str(tmp_path / "none"), "--max-sessions", "1")
    async with over_http(*nowhere) as (url, _), Client(url) as client:
        for _ in range(3):
            assert await failure(client, "browser_navigate", url="about:blank") == "browser_unavailable"


@each_transport
@each_revision
async def test_without_a_browser_the_server_says_how_to_get_one(tmp_path: Path, transport: str, revision: str) -> None:
    """Case 41."""
    async with client_of(transport, revision, "--executable-path", str(tmp_path / "none")) as client:
        assert len(await client.list_tools()) == 31
        result = await client.call_tool("browser_navigate", {"url": "about:blank"})
    assert result.is_error
    assert "browser_unavailable" in str(result.content)
    assert "playwright install chromium" in str(result.content)


@each_revision
async def test_eight_clients_log_in_at_once_and_see_only_their_own(chromium: str, site: Site, revision: str) -> None:
    """Case 36."""
    del chromium
    async with over_http("--allowed-origins", site.url, "--snapshot", "none") as (url, pid):

        async def visit(number: int) -> tuple[str, Any, str]:
            async with Client(url, revision=revision) as client:
                opened = await call(client, "browser_navigate", url=f"{site.url}/login")
                session = {"session": opened["session"]}
                name = f"user{number}"
                await call(client, "browser_type", target="[name=u]", text=name, submit=True, **session)
                await call(client, "browser_evaluate", function=f"() => localStorage.setItem('n', {number})", **session)
                mine = await call(
                    client, "browser_evaluate", function="() => [document.cookie, localStorage.n]", **session
                )
                tabs = await call(client, "browser_tabs", action="list", **session)
                listed = [one.uri for one in await client.list_resources() if "/tabs/" in one.uri]
                assert all(opened["session"] in uri for uri in listed)
                assert len(tabs["tabs"]) == 1
                return opened["session"], mine["result"], name

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(visit(number)) for number in range(8)]
        found = [task.result() for task in tasks]
        mains = [one for one in below(pid) if is_main(command_of(one))]
    assert len({handle for handle, _, _ in found}) == 8
    assert [seen for _, seen, _ in found] == [[f"user={name}", str(n)] for n, (_, _, name) in enumerate(found)]
    assert len(mains) == 1


async def test_a_handle_works_only_for_whom_it_belongs_to_and_is_never_listed_to_others(
    chromium: str, site: Site
) -> None:
    """CVE-2026-52869, CVE-2026-52870: without authentication, what is known of a session is its handle."""
    del chromium
    async with over_http("--allowed-origins", site.url) as (url, _), Client(url) as one, Client(url) as two:
        handle = (await call(one, "browser_navigate", url=f"{site.url}/form"))["session"]
        assert (await call(two, "browser_session", action="list"))["result"] == {"sessions": []}
        assert [uri for uri in await two.list_resources() if handle in uri.uri] == []
        assert await failure(two, "browser_snapshot", session="x" * 22) == "session_expired"


@needs_proc
@pytest.mark.parametrize("how", ["EOF", "SIGTERM", "SIGINT", "SIGKILL"])
async def test_nothing_is_left_after_the_end(chromium: str, site: Site, tmp_path: Path, how: str) -> None:
    """Case 40, on stdio."""
    del chromium
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    before = set(below())
    async with Client(
        Command(command("--allowed-origins", site.url), env=environment), revision="2025-11-25"
    ) as client:
        await call(client, "browser_navigate", url=f"{site.url}/form")
        await call(client, "browser_take_screenshot")
        [server] = [pid for pid in set(below()) - before if "mcp_ref_browser --allowed" in command_of(pid)]
        started = below(server)
        assert len(started) > 3
        if how != "EOF":
            os.kill(server, getattr(signal, how))
            await _gone(server, started)
    await _gone(server, started)
    if how != "SIGKILL":
        assert left_in(tmp_path) == []


@needs_proc
@pytest.mark.parametrize("how", ["SIGTERM", "SIGINT", "SIGKILL"])
async def test_nothing_is_left_after_the_end_over_http(chromium: str, site: Site, tmp_path: Path, how: str) -> None:
    """Case 40, on HTTP, in the middle of a call."""
    del chromium
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    async with over_http("--allowed-origins", site.url, env=environment) as (url, server), Client(url) as client:
        handle = (await call(client, "browser_navigate", url=f"{site.url}/form", snapshot="none"))["session"]
        started = below(server)
        assert len(started) > 3
        endless = {"function": "() => new Promise(() => 0)", "session": handle}
        async with asyncio.TaskGroup() as group:
            calling = group.create_task(_attempt(client, endless))
            await asyncio.sleep(0.2)
            os.kill(server, getattr(signal, how))
            await _gone(server, started)
            calling.cancel()
    if how != "SIGKILL":
        assert left_in(tmp_path) == []


async def _attempt(client: Client, arguments: dict[str, Any]) -> None:
    with contextlib.suppress(McpError):  # the server ends in the middle of it
        await client.call_tool("browser_evaluate", arguments)


@needs_proc
@pytest.mark.slow
async def test_sixteen_sessions_click_at_once_and_twenty_stay_small(chromium: str, site: Site) -> None:
    """Case 43: all of the browser, once its pages have rested for a moment."""
    del chromium
    async with over_http("--allowed-origins", site.url, "--max-sessions", "20") as (url, pid), Client(url) as client:
        handles = [(await call(client, "browser_session", action="create"))["session"] for _ in range(20)]

        async def click(handle: str) -> None:
            opened = await call(client, "browser_navigate", url=f"{site.url}/form", session=handle)
            ref = re.search(r'button "Idle" \[ref=(\w+)\]', opened["snapshot"]["text"])
            assert ref
            for _ in range(10):
                await call(client, "browser_click", target=ref[1], session=handle)

        async with asyncio.TaskGroup() as group:
            for handle in handles[:16]:
                group.create_task(click(handle))
        end = time.monotonic() + 10
        while (memory := _memory_of_browser(pid)) >= 600 * 1024:
            assert time.monotonic() < end, f"{memory // 1024} MiB"
            await asyncio.sleep(0.5)


@needs_proc
@pytest.mark.slow
async def test_many_pages_leave_nothing_behind(chromium: str, site: Site) -> None:
    """Case 43, the soak in short: processes, descriptors and memory stay where they were after the first pages."""
    del chromium
    async with over_http("--allowed-origins", site.url) as (url, pid), Client(url) as client:
        handle = (await call(client, "browser_navigate", url=f"{site.url}/form"))["session"]

        async def visit(times: int) -> tuple[int, int, int]:
            for _ in range(times):
                for page in ("form", "article", "net", "iframe"):
                    await call(client, "browser_navigate", url=f"{site.url}/{page}", session=handle)
            tree = [pid, *below(pid)]
            descriptors = len(await asyncio.to_thread(os.listdir, f"/proc/{pid}/fd"))
            return len(tree), descriptors, sum(_memory(one, "Pss_Anon", "Pss_Shmem") for one in tree) // 1024

        first = await visit(5)
        last = await visit(10)
    assert last[0] <= first[0] + 1
    assert last[1] <= first[1] + 2
    assert last[2] <= first[2] + 80, (first, last)


def _memory_of_browser(server: int) -> int:
    return sum(_memory(pid) for pid in below(server) if "chrom" in command_of(pid))


def _memory(pid: int, *kinds: str) -> int:
    """The share of a process in memory, in KiB: pages that several use are divided among them.

    Of pages of files, such as its program, the share also grows when another browser on the machine ends.
    """
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    shares = dict(re.findall(r"^(\w+):\s+(\d+)", text, re.MULTILINE))
    return sum(int(shares[kind]) for kind in kinds or ("Pss",))


async def _gone(server: int, started: Sequence[int]) -> None:
    """All processes are gone within three seconds."""
    end = time.monotonic() + 3
    while left := [pid for pid in [server, *started] if _alive(pid)]:
        assert time.monotonic() < end, [command_of(pid)[:100] for pid in left]
        await asyncio.sleep(0.02)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
