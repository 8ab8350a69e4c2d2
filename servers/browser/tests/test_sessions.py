"""Sessions and tabs: whose they are, how many, how long; popups; what comes back after a crash or a death."""

import asyncio
import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from processes_of_tests import below, command_of

from mcp_protocol.session.calls import Principal
from mcp_ref_browser.engine.supervisor import Breaker, Supervisor
from mcp_ref_browser.errors import BrowserError
from mcp_ref_browser.settings import Settings

Browse = Any
Site = Any


async def test_sessions_share_nothing_but_the_browser(browse: Browse, site: Site, ok: Any) -> None:
    async with browse(snapshot="none") as client:
        handles = [
            ok(await client.call("browser_session", action="create", name=f"s{i}")).data["session"] for i in range(2)
        ]
        for handle, user in zip(handles, ("ann", "bob"), strict=True):
            ok(await client.call("browser_navigate", url=f"{site.url}/login", session=handle))
            ok(await client.call("browser_type", target="[name=u]", text=user, submit=True, session=handle))
            ok(
                await client.call(
                    "browser_evaluate", function=f"() => localStorage.setItem('who', '{user}')", session=handle
                )
            )
        seen = [
            ok(
                await client.call(
                    "browser_evaluate", function="() => [document.cookie, localStorage.who]", session=handle
                )
            )
            for handle in handles
        ]
        listed = ok(await client.call("browser_session", action="list"))
        info = ok(await client.call("browser_session", action="info", session=handles[0]))
        ok(await client.call("browser_session", action="close", session=handles[0]))
        closed = await client.call("browser_snapshot", session=handles[0])
    assert [one.data["result"] for one in seen] == [["user=ann", "ann"], ["user=bob", "bob"]]
    assert [one["name"] for one in listed.data["result"]["sessions"]] == ["s0", "s1"]
    assert info.data["result"]["expiresInS"] > 1000
    assert closed.error_code == "session_expired"


async def test_a_session_begins_as_it_is_told(browse: Browse, site: Site, ok: Any) -> None:
    look = """() => [innerWidth, navigator.language, Intl.DateTimeFormat().resolvedOptions().timeZone,
      navigator.userAgent, document.cookie]"""
    state = {
        "cookies": [
            {
                "name": "a",
                "value": "b",
                "domain": "127.0.0.1",
                "path": "/",
                "expires": -1,
                "httpOnly": False,
                "secure": False,
                "sameSite": "Lax",
            }
        ],
        "origins": [],
    }
    async with browse(snapshot="none") as client:
        made = ok(
            await client.call(
                "browser_session", action="create", viewport="600x400", locale="de-DE", timezone="Europe/Rome",
                userAgent="tester/1", storageState=state, har=True,
            )
        )  # fmt: skip
        handle = made.data["session"]
        ok(await client.call("browser_navigate", url=f"{site.url}/blank", session=handle))
        found = ok(await client.call("browser_evaluate", function=look, session=handle))
        har = ok(await client.call("browser_har_stop", session=handle))
        phone = ok(await client.call("browser_session", action="create", device="iPhone 15"))
        ok(await client.call("browser_navigate", url=f"{site.url}/blank", session=phone.data["session"]))
        agent = ok(
            await client.call("browser_evaluate", function="() => navigator.userAgent", session=phone.data["session"])
        )
        wrong = await client.call("browser_session", action="create", device="Toaster")
        bad = await client.call("browser_session", action="create", viewport="large")
    assert found.data["result"] == [600, "de-DE", "Europe/Rome", "tester/1", "a=b"]
    assert har.data["result"]["name"] == "requests.har"
    assert "iPhone" in agent.data["result"]
    assert (wrong.error_code, bad.error_code) == ("invalid_argument", "invalid_argument")


async def test_a_handle_of_somebody_else_is_as_good_as_an_invented_one(browse: Browse, site: Site, ok: Any) -> None:
    """CVE-2026-52869, CVE-2026-52870: ids that work across users."""
    async with browse(principal=Principal("issuer", "ann")) as client:
        handle = ok(await client.call("browser_navigate", url=f"{site.url}/form")).data["session"]
        invented = await client.call("browser_snapshot", session="A" * len(handle))
    assert invented.error_code == "session_expired"


async def test_tabs_are_listed_opened_selected_and_closed(browse: Browse, site: Site, ok: Any) -> None:
    async with browse(snapshot="none") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/form"))
        opened = ok(await client.call("browser_tabs", action="new", url=f"{site.url}/article"))
        listed = ok(await client.call("browser_tabs", action="list"))
        selected = ok(await client.call("browser_tabs", action="select", index=0))
        closed = ok(await client.call("browser_tabs", action="close", tab="t2"))
        missing = await client.call("browser_tabs", action="select", index=7)
        ok(await client.call("browser_close"))
        again = ok(await client.call("browser_navigate", url=f"{site.url}/form"))
    assert opened.data["page"]["tab"] == "t2"
    assert [(one["tab"], one["title"]) for one in listed.data["tabs"]] == [("t1", "Form"), ("t2", "Article")]
    assert selected.data["page"]["title"] == "Form"
    assert [one["tab"] for one in closed.data["tabs"]] == ["t1"]
    assert missing.error_code == "invalid_argument"
    assert again.data["page"]["tab"] == "t3"


async def test_a_popup_appears_with_its_opener_and_a_storm_is_stopped(browse: Browse, site: Site, ok: Any) -> None:
    async with browse(snapshot="none", max_tabs=3) as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/popup"))
        events = ok(await client.call("browser_click", target="text=Open")).data.get("events", [])
        async with asyncio.timeout(5):
            while "popup" not in [event["kind"] for event in events]:
                events = ok(await client.call("browser_tabs", action="list")).data.get("events", [])
        listed = ok(await client.call("browser_tabs", action="list"))
        assert listed.data["tabs"][1]["opener"] == "t1"
        await client.call("browser_click", target="text=Storm")
        async with asyncio.timeout(10):
            while len(ok(await client.call("browser_tabs", action="list")).data["tabs"]) > 3:
                pass
        refused = await client.call("browser_tabs", action="new")
    assert refused.error_code == "limit"


async def test_too_many_sessions_are_refused_until_one_is_closed(browse: Browse, ok: Any) -> None:
    """Case 37."""
    async with browse(max_sessions=2) as client:
        first = ok(await client.call("browser_session", action="create")).data["session"]
        ok(await client.call("browser_session", action="create"))
        third = await client.call("browser_session", action="create")
        ok(await client.call("browser_session", action="close", session=first))
        ok(await client.call("browser_session", action="create"))
    assert third.error_code == "limit"
    assert "action=close" in third.text
    async with browse(max_sessions=2, principal=Principal("issuer", "ann")) as client:
        ok(await client.call("browser_session", action="create"))
        second = await client.call("browser_session", action="create")
    assert second.error_code == "limit"


@pytest_asyncio.fixture(loop_scope="session")
async def own_browser(chromium: str) -> Any:
    """A browser that a test may kill."""
    del chromium

    class Loose:
        def create_task(self, work: Any) -> Any:
            return asyncio.get_running_loop().create_task(work)

    tasks: Any = Loose()
    supervisor = Supervisor(Settings(), tasks)
    yield supervisor
    await supervisor.close()


KINDS: dict[str, Callable[[str], bool]] = {
    "main": lambda words: "chrom" in words and "--type=" not in words and "crashpad" not in words,
    "renderer": lambda words: "--type=renderer" in words,
    "driver": lambda words: "run-driver" in words,
}


def processes(kind: str) -> list[int]:
    """Processes of ours of a kind."""
    return [pid for pid in below() if (words := command_of(pid)) and KINDS[kind](words)]


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc to find processes")
async def test_a_dead_driver_comes_back_with_tabs_and_cookies(
    browse: Browse, site: Site, ok: Any, own_browser: Supervisor
) -> None:
    """Case 39, and the driver instead of the browser."""
    before = set(processes("driver"))
    async with browse(supervisor=own_browser, snapshot="none") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/login"))
        ok(await client.call("browser_type", target="[name=u]", text="ann", submit=True))
        page = ok(await client.call("browser_snapshot"))
        await asyncio.sleep(0.3)  # cookies are kept beside the calls
        [pid] = set(processes("driver")) - before
        calling = asyncio.get_running_loop().create_task(
            client.call("browser_evaluate", function="() => new Promise(() => 0)")
        )
        await asyncio.sleep(0.2)
        os.kill(pid, signal.SIGKILL)
        began = time.monotonic()
        failed = await calling
        assert time.monotonic() - began < 2
        began = time.monotonic()
        back = ok(await client.call("browser_snapshot", mode="full"))
        assert time.monotonic() - began < 8
        stale = await client.call("browser_click", target=page.text.split("[ref=")[-1].split("]")[0])
        where = await client.call("browser_tabs", action="list")
        assert where.data["page"]["url"] == f"{site.url}/whoami", (where.raw, stale.raw, back.raw)
        cookie = ok(await client.call("browser_evaluate", function="() => document.cookie"))
    assert failed.error_code == "crashed", failed.text
    assert "browser_restarted" in [event["kind"] for event in back.data["events"]]
    assert back.data["page"]["url"] == f"{site.url}/whoami"
    assert "user=ann" in back.text
    assert cookie.data["result"] == "user=ann"
    assert stale.error_code in {"stale_ref", None}


def test_three_deaths_in_a_minute_are_enough() -> None:
    now = 100.0
    breaker = Breaker(lambda: now)
    for _ in range(3):
        breaker.check()
        breaker.note()
        now += 5
    with pytest.raises(BrowserError) as caught:
        breaker.check()
    assert caught.value.code == "browser_unavailable"
    now += 31
    breaker.check()


async def test_the_browser_rests_when_nobody_needs_it(
    browse: Browse, site: Site, ok: Any, own_browser: Supervisor
) -> None:
    async with browse(supervisor=own_browser, session_ttl=0.4, idle_timeout=0.3, snapshot="none") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/form"))
        assert own_browser.running
        async with asyncio.timeout(10):
            await own_browser.running.dead.wait()
        again = ok(await client.call("browser_navigate", url=f"{site.url}/form"))
    assert again.data["page"]["title"] == "Form"


async def test_a_page_that_hangs_holds_up_nobody_else(browse: Browse, site: Site, ok: Any) -> None:
    """Its calls end in time, others go on, and a new page can be opened in its place."""
    async with browse(snapshot="none") as client:
        hung = ok(await client.call("browser_session", action="create")).data["session"]
        other = ok(await client.call("browser_session", action="create")).data["session"]
        ok(await client.call("browser_navigate", url=f"{site.url}/form", session=hung))
        began = time.monotonic()
        endless = await client.call("browser_evaluate", function="() => { while (1); }", timeoutMs=500, session=hung)
        looked = await client.call("browser_click", target="#idle", timeoutMs=500, session=hung)
        ok(await client.call("browser_navigate", url=f"{site.url}/article", session=other))
        found = ok(await client.call("browser_find", text="Rhine", session=other))
        assert time.monotonic() - began < 8
        again = ok(await client.call("browser_tabs", action="new", url=f"{site.url}/form", session=hung))
        ok(await client.call("browser_session", action="close", session=hung))
    assert endless.error_code == "timeout"
    assert looked.error_code == "timeout", looked.text
    assert found.data["result"]["total"] >= 1
    assert again.data["page"]["title"] == "Form"


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs a Chromium that can have windows")
async def test_a_window_where_there_is_no_display_says_so(browse: Browse, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    async with asyncio.TaskGroup() as tasks:
        supervisor = Supervisor(Settings(headed=True, executable_path=Path(shutil.which("chromium") or "")), tasks)
        async with browse(supervisor=supervisor) as client:
            result = await client.call("browser_navigate", url="about:blank")
        await supervisor.close()
    assert result.error_code == "browser_unavailable", result.text
    assert "--headed needs a display" in result.text
