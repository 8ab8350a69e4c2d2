"""What dies and what comes back, black box: cases 37 to 39."""

import asyncio
import os
import signal
import time
from typing import Any

from lanes_of_tests import Lane, Lanes, Reply
from processes_of_tests import below, command_of, is_main, needs_proc

Site = Any


@needs_proc
async def test_a_crashed_page_is_told_and_the_next_one_works(lane: Lane, site: Site) -> None:
    """Case 38."""
    async with lane.visitor() as other:
        await other.do("browser_navigate", url=f"{site.url}/article", snapshot="none")
        before = set(below(lane.pid))
        async with lane.visitor() as own:
            await own.do("browser_navigate", url=f"{site.url}/form")
            for pid in set(below(lane.pid)) - before:
                if "--type=renderer" in command_of(pid):
                    os.kill(pid, signal.SIGKILL)
            async with asyncio.timeout(5):
                while (reply := await own.call("browser_snapshot")).error_code != "crashed":
                    pass
            undisturbed = await other.do("browser_find", text="Rhine")
            again = await own.do("browser_navigate", url=f"{site.url}/form")
    assert f"{site.url}/form" in reply.text
    assert undisturbed.data["result"]["total"] >= 1
    assert again.data["page"]["title"] == "Form"


@needs_proc
async def test_a_dead_browser_comes_back_with_tabs_and_cookies(lane: Lane, site: Site) -> None:
    """Case 39."""
    async with lane.visitor() as own:
        await own.do("browser_navigate", url=f"{site.url}/login", snapshot="none")
        page = await own.do("browser_type", target="[name=u]", text="ann", submit=True, snapshot="full")
        await own.do("browser_network_requests")  # cookies are kept beside the calls
        [victim] = [pid for pid in below(lane.pid) if is_main(command_of(pid))]
        async with asyncio.TaskGroup() as group:
            calling = group.create_task(own.call("browser_evaluate", function="() => new Promise(() => 0)"))
            await asyncio.sleep(0.2)
            os.kill(victim, signal.SIGKILL)
            began = time.monotonic()
            failed = await calling
            assert time.monotonic() - began < 2
        began = time.monotonic()
        back = await own.do("browser_snapshot", mode="full")
        took = time.monotonic() - began
        ref = page.text.split("[ref=")[-1].split("]")[0]
        stale = await own.call("browser_click", target=ref, timeoutMs=500)
        cookie = await own.run("() => document.cookie")
    assert failed.error_code == "crashed", failed.text
    assert took < 5 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    assert "browser_restarted" in [event["kind"] for event in own.told]
    assert back.data["page"]["url"] == f"{site.url}/whoami"
    assert cookie == "user=ann"
    assert stale.error_code in {"stale_ref", None}


async def test_an_unused_session_ends_and_too_many_are_refused(lanes: Lanes, way: tuple[str, str]) -> None:
    """Case 37."""
    lane = await lanes.get(*way, "--session-ttl", "1", "--max-sessions", "1")
    async with lane.visitor() as own:
        over = Reply(await lane.client.call_tool("browser_session", {"action": "create"}))
        assert over.error_code == "limit"
        assert "action=close" in over.text
        await own.do("browser_session", action="close")
        assert await own.code("browser_snapshot") == "session_expired"
    async with lane.visitor() as own:
        await asyncio.sleep(1.5)  # to look at a session would be to use it
        assert await own.code("browser_snapshot") == "session_expired"
