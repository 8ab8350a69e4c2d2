"""Where pages may go, black box: cases 17 to 24. Site B counts who comes, and nobody does."""

import asyncio
from pathlib import Path
from typing import Any

from lanes_of_tests import Lane, Reply

Site = Any
PRIVATE = [
    "http://127.0.0.1:{port}/", "http://localhost:{port}/", "http://localhost.:{port}/", "http://[::1]:{port}/",
    "http://0.0.0.0:{port}/", "http://2130706433:{port}/", "http://0x7f.1:{port}/", "http://127.1:{port}/",
    "http://\uff11\uff12\uff17.\uff10.\uff10.\uff11:{port}/", "http://169.254.169.254/", "http://10.0.0.1/",
    "http://100.64.0.1/", "http://[::ffff:127.0.0.1]:{port}/", "http://[64:ff9b::7f00:1]:{port}/",
]  # fmt: skip
SCHEMES = [
    "file:///etc/passwd", "FILE:///etc/passwd", " file:///etc/passwd", "fi\tle:///etc/passwd",
    "view-source:file:///etc/passwd", "chrome://version", "devtools://devtools", "javascript:alert(1)",
    "filesystem:http://x/y", "ftp://example.com/",
]  # fmt: skip
CHANNELS = (
    "/fetch", "/form", "/beacon", "/events", "/worker", "/keepalive", "/img", "/frame", "/import.css", "/popup",
)  # fmt: skip


async def test_browser_redirect_leaves_allow_list(lane: Lane, site: Site, other: Site) -> None:
    """Cases 17 and 18; CVE-2025-47241 (GHSA-x39x-9qw5-ghrf), chrome-devtools-mcp #2502."""
    async with lane.visitor() as own:
        assert await own.code("browser_navigate", url=f"{other.url}/form") == "blocked_origin"
        assert await own.code("browser_tabs", action="new", url=f"{other.url}/form") == "blocked_origin"
        assert await own.code("browser_navigate", url=f"{site.url}/redir") == "blocked_origin"
        after = await own.do("browser_snapshot")
    assert str(other.port) not in after.data["page"]["url"]
    assert other.connections == 0


async def test_no_channel_of_a_page_leads_there(lane: Lane, site: Site, other: Site) -> None:
    """Case 19: each request that a page can begin becomes an event that names where it was going."""
    worker = f"""async () => {{
      await navigator.serviceWorker.register('/sw.js');
      const ready = await navigator.serviceWorker.ready;
      const answered = new Promise(done => navigator.serviceWorker.onmessage = e => done(e.data));
      ready.active.postMessage('{other.url}/service');
      return answered; }}"""
    async with lane.visitor() as own:
        await own.do("browser_navigate", url=f"{site.url}/elsewhere", waitUntil="load", snapshot="none")
        await own.do("browser_click", target="text=Popup", snapshot="none")
        await own.run(worker)
        async with asyncio.timeout(10):
            while left := [path for path in (*CHANNELS, "/service") if not told(own.told, other.url + path)]:
                await own.do("browser_tabs", action="list")
        assert await own.code("browser_click", target="text=Post") == "blocked_origin"
        await own.call("browser_navigate", url=f"{site.url}/refresh", waitUntil="load", snapshot="none")
        async with asyncio.timeout(10):
            while not told(own.told, f"{other.url}/refresh"):
                await own.call("browser_tabs", action="list")
    assert left == []
    assert told(own.told, f"127.0.0.1:{other.port}:")  # the WebSocket's tunnel
    assert other.connections == 0


def told(events: list[dict[str, Any]], where: str) -> bool:
    return any(event["kind"] == "blocked" and event["text"].startswith(where) for event in events)


async def test_without_a_list_only_public_addresses_are_reached(unlisted: Lane, other: Site) -> None:
    """Case 20."""
    for url in PRIVATE:
        reply = Reply(await unlisted.client.call_tool("browser_navigate", {"url": url.format(port=other.port)}))
        assert reply.error_code == "blocked_address", (url, reply.text)
    assert other.connections == 0


async def test_what_only_looks_like_a_listed_origin_is_refused(lane: Lane, site: Site, other: Site) -> None:
    """Case 21."""
    async with lane.visitor() as own:
        for url in (
            f"http://127.0.0.1.evil:{site.port}/",
            f"http://127.0.0.1:{site.port}@127.0.0.1:{other.port}/",
            f"http://127.0.0.1:{other.port}#{site.url}",
            f"https://127.0.0.1:{site.port}/",
            f"http://127.0.0.\u0661:{site.port}.evil/",
        ):
            assert await own.code("browser_navigate", url=url) in {"blocked_origin", "invalid_argument"}, url
        for url in (f"HTTP://127.0.0.1.:{site.port}/form", f"http://2130706433:{site.port}/form"):
            assert (await own.do("browser_navigate", url=url)).data["page"]["title"] == "Form"
    assert other.connections == 0


async def test_schemes_that_leave_the_web_are_refused(lane: Lane) -> None:
    """Case 22."""
    async with lane.visitor() as own:
        for url in SCHEMES:
            assert await own.code("browser_navigate", url=url) == "blocked_scheme", url
            assert await own.code("browser_tabs", action="new", url=url) == "blocked_scheme", url
        blank = await own.do("browser_navigate", url="about:blank")
    assert blank.data["page"]["url"] == "about:blank"


async def test_a_session_may_be_narrower_and_never_wider(lane: Lane, site: Site, other: Site) -> None:
    """Case 23: origins of a session, and mocks."""
    wider = Reply(
        await lane.client.call_tool("browser_session", {"action": "create", "allowedOrigins": [site.url, other.url]})
    )
    assert wider.error_code == "invalid_argument"
    script = f"() => fetch('{other.url}/api').then(r => r.text(), e => 'refused')"
    async with lane.visitor(allowedOrigins=[site.url]) as own:
        await own.do("browser_navigate", url=f"{site.url}/blank")
        headers = ["Access-Control-Allow-Origin: *"]
        await own.do("browser_route", pattern=f"{other.url}/**", body="mocked", headers=headers)
        mocked = await own.run(script)
        await own.do("browser_unroute", pattern=f"{other.url}/**")
        refused = await own.run(script)
    assert mocked == "mocked"
    assert refused != "mocked"
    assert other.connections == 0


async def test_pages_read_no_files_of_this_machine(lane: Lane, site: Site, operator: Path) -> None:
    """Case 24."""
    secret = operator / "secret.txt"
    frame = f"""async () => {{
      const f = document.createElement('iframe'); f.src = 'file://{secret}'; document.body.append(f);
      const i = document.createElement('input'); i.type = 'file'; i.id = 'made'; document.body.append(i);
      const got = await fetch('file://{secret}').then(r => r.text(), e => 'refused');
      let text = ''; try {{ text = f.contentDocument?.body?.textContent || '' }} catch {{}}
      return text + '|' + got; }}"""
    async with lane.visitor() as own:
        await own.do("browser_navigate", url=f"{site.url}/blank")
        tried = await own.run(frame)
        assert await own.code("browser_file_upload", paths=[str(secret)], target="#made") == "path_denied"
        assert await own.code("browser_drop", paths=[str(secret)], target="#made") == "path_denied"
        snapshot = await own.do("browser_snapshot")
    assert tried == "|refused"
    assert "outside" not in snapshot.text
