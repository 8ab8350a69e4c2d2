"""Processes that die or stand still under a call, or between two: an error in its time, and the next call works."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from processes_of_tests import below, command_of, is_main, needs_proc

from mcp_ref_browser.engine import supervisor as engines
from mcp_ref_browser.engine.supervisor import Supervisor
from mcp_ref_browser.sessions import session as sessions
from mcp_ref_browser.settings import Settings

Browse = Any
Site = Any
pytestmark = needs_proc
VICTIMS: dict[str, Callable[[str], bool]] = {
    "driver": lambda words: "node" in words.partition(" ")[0],
    "browser": is_main,
    "gpu": lambda words: "--type=gpu" in words,
    "zygote": lambda words: "--type=zygote" in words,
}
ENDLESS = {"function": "() => new Promise(() => 0)", "timeoutMs": 1000}


@asynccontextmanager
async def started() -> AsyncGenerator[tuple[Supervisor, Callable[[str, signal.Signals], list[int]]]]:
    """A browser for one test, and what sends signals to processes of its."""
    before = set(below())

    def send(victim: str, what: signal.Signals) -> list[int]:
        found = [pid for pid in set(below()) - before if VICTIMS[victim](command_of(pid))]
        for pid in found:
            os.kill(pid, what)
        return found

    async with asyncio.TaskGroup() as tasks:
        own = Supervisor(Settings(), tasks)
        try:
            yield own, send
        finally:
            await own.close()


@pytest.mark.parametrize("victim", VICTIMS)
async def test_a_process_that_is_killed_between_two_calls_costs_at_most_one(
    chromium: str, browse: Browse, site: Site, ok: Any, monkeypatch: pytest.MonkeyPatch, victim: str
) -> None:
    """Cases 38 and 39, where nobody waits for the process that dies, and every call may be the one that notices.

    A browser whose zygote is gone answers, and can begin no page.
    """
    del chromium
    monkeypatch.setattr(sessions, "_OPEN_SECONDS", 2.5)
    monkeypatch.setattr(engines, "_DOUBT_SECONDS", 2.5)
    async with started() as (own, send), browse(supervisor=own, snapshot="none") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/form"))
        assert send(victim, signal.SIGKILL)
        first = await client.call("browser_tabs", action="new")
        page = ok(await client.call("browser_navigate", url=f"{site.url}/article"))
    assert first.error_code in {None, "crashed", "timeout"}, first.text
    assert page.data["page"]["title"] == "Article"


@pytest.mark.parametrize("victim", ["driver", "browser"])
async def test_a_process_that_stands_still_is_replaced_and_put_down(
    chromium: str, browse: Browse, site: Site, ok: Any, monkeypatch: pytest.MonkeyPatch, victim: str
) -> None:
    """It says nothing and closes nothing, so that only its silence can tell; a call that waits in vain sees to it."""
    del chromium
    monkeypatch.setattr(engines, "_DOUBT_SECONDS", 0.5)
    monkeypatch.setattr(engines, "_CLOSE_SECONDS", 0.3)
    async with started() as (own, send), browse(supervisor=own, snapshot="none") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/form"))
        stopped = send(victim, signal.SIGSTOP)
        late = await client.call("browser_evaluate", **ENDLESS)
        page = ok(await client.call("browser_navigate", url=f"{site.url}/article"))
        left = set(stopped) & set(below())
    assert late.error_code == "timeout"
    assert page.data["page"]["title"] == "Article"
    assert [event["kind"] for event in page.data["events"]] == ["browser_restarted"]
    assert left == set()


async def test_tabs_of_a_browser_that_stands_still_are_not_waited_for(
    chromium: str, browse: Browse, site: Site, ok: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closing them is all that is asked for, and as good a sign as any other."""
    del chromium
    monkeypatch.setattr(sessions, "_OPEN_SECONDS", 1.0)
    monkeypatch.setattr(engines, "_DOUBT_SECONDS", 0.5)
    monkeypatch.setattr(engines, "_CLOSE_SECONDS", 0.3)
    async with started() as (own, send), browse(supervisor=own, snapshot="none") as client:
        for _ in range(2):
            ok(await client.call("browser_tabs", action="new", url=f"{site.url}/form"))
        assert send("browser", signal.SIGSTOP)
        listed = await client.call("browser_tabs", action="list")
        closed = await client.call("browser_close")
        page = ok(await client.call("browser_navigate", url=f"{site.url}/article"))
    assert len(listed.data["tabs"]) == 2
    assert closed.error_code == "timeout"
    assert page.data["page"]["title"] == "Article"


async def test_tabs_that_hang_are_listed_as_fast_as_one(browse: Browse, site: Site, ok: Any) -> None:
    """Each is asked for its title, which it does not tell; they are closed all the same."""
    async with browse(snapshot="none") as client:
        for _ in range(4):
            ok(await client.call("browser_tabs", action="new", url=f"{site.url}/blank"))
            await client.call("browser_evaluate", function="() => { while (1); }", timeoutMs=50)
        began = time.monotonic()
        listed = ok(await client.call("browser_tabs", action="list"))
        took = time.monotonic() - began
        ok(await client.call("browser_close"))
        left = ok(await client.call("browser_tabs", action="list"))
    assert [one["title"] for one in listed.data["tabs"]] == [""] * 4
    assert took < 4
    assert len(left.data["tabs"]) == 1
