"""The filtering proxy against pages and callers that want to be elsewhere: the other site is never reached."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

Browse = Any
Site = Any
each_revision = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
# Digits that look wide, which a resolver reads as plain ones.
FULL_WIDTH = "http://\uff11\uff12\uff17.\uff10.\uff10.\uff11:{port}/"
LOOPBACK = [
    "http://127.0.0.1:{port}/", "http://localhost:{port}/", "http://localhost.:{port}/", "http://[::1]:{port}/",
    "http://0.0.0.0:{port}/", "http://2130706433:{port}/", "http://0x7f.1:{port}/", "http://127.1:{port}/",
    FULL_WIDTH, "http://169.254.169.254/", "http://10.0.0.1/", "http://100.64.0.1/",
    "http://[::ffff:127.0.0.1]:{port}/", "http://[64:ff9b::7f00:1]:{port}/", "http://inside.example/",
    "http://LOCALHOST:{port}/", "http://metadata.google.internal/", "http://127.0.0.1:{port}", "127.0.0.1:{port}",
]  # fmt: skip


class Answers:
    """A resolver that knows a few names and counts questions."""

    def __init__(self, **known: list[str]) -> None:
        self.known = known
        self.asked: list[str] = []

    async def resolve(self, host: str) -> list[str]:
        self.asked.append(host)
        if host not in self.known:
            raise OSError("no such name")
        return self.known[host]


@each_revision
async def test_a_forbidden_origin_is_not_opened(browse: Browse, other: Site, revision: str) -> None:
    """Case 17."""
    async with browse(revision=revision) as client:
        result = await client.call("browser_navigate", url=f"{other.url}/form")
        tab = await client.call("browser_tabs", action="new", url=f"{other.url}/form")
    assert (result.error_code, tab.error_code) == ("blocked_origin", "blocked_origin")
    assert other.connections == 0


@each_revision
async def test_browser_redirect_leaves_allow_list(
    browse: Browse, site: Site, other: Site, ok: Any, revision: str
) -> None:
    """Case 18; CVE-2025-47241 (GHSA-x39x-9qw5-ghrf), chrome-devtools-mcp #2502: a redirect left the allow-list."""
    async with browse(revision=revision) as client:
        result = await client.call("browser_navigate", url=f"{site.url}/redir")
        after = ok(await client.call("browser_snapshot"))
    assert result.error_code == "blocked_origin"
    assert str(other.port) not in after.data["page"]["url"]
    assert other.connections == 0


@pytest.mark.parametrize("target", ["text=Link", "text=Post"])
async def test_a_click_that_leads_to_a_forbidden_origin_says_so(
    browse: Browse, site: Site, other: Site, ok: Any, target: str
) -> None:
    """Case 19: links and forms."""
    async with browse(snapshot="none") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/elsewhere"))
        result = await client.call("browser_click", target=target)
        after = ok(await client.call("browser_tabs", action="list"))
    assert result.error_code == "blocked_origin", result.text
    assert str(other.port) not in after.data["page"]["url"]
    assert other.connections == 0


async def test_no_channel_of_a_page_reaches_a_forbidden_origin(
    browse: Browse, site: Site, other: Site, ok: Any
) -> None:
    """Case 19: fetch and its redirect, image, frame, beacon, EventSource, WebSocket, worker, prefetch, preconnect, CSS
    import, favicon, video, keepalive, popup."""
    wanted = (
        "/fetch",
        "/form",
        "/beacon",
        "/events",
        "/worker",
        "/keepalive",
        "/img",
        "/frame",
        "/import.css",
        "/popup",
    )
    told: list[str] = []
    async with browse(snapshot="none") as client:
        answer = ok(await client.call("browser_navigate", url=f"{site.url}/elsewhere", waitUntil="load"))
        told += [event["text"] for event in answer.data["events"] if event["kind"] == "blocked"]
        answer = ok(await client.call("browser_click", target="text=Popup"))
        told += [event["text"] for event in answer.data.get("events", []) if event["kind"] == "blocked"]
        deadline = time.monotonic() + 10
        while (
            left := [path for path in wanted if not any(path in text for text in told)]
        ) and time.monotonic() < deadline:
            answer = await client.call("browser_tabs", action="list")
            told += [one["text"] for one in answer.data.get("events", []) if one["kind"] == "blocked"]
            await asyncio.sleep(0.05)
    assert left == [], told
    assert any(text.startswith(f"127.0.0.1:{other.port}") for text in told), told  # the WebSocket's tunnel
    assert other.connections == 0


async def test_a_service_worker_is_bound_as_well(browse: Browse, site: Site, other: Site, ok: Any) -> None:
    """Case 19: a service worker's fetch."""
    script = f"""async () => {{
      await navigator.serviceWorker.register('/sw.js');
      const ready = await navigator.serviceWorker.ready;
      const answered = new Promise(done => navigator.serviceWorker.onmessage = e => done(e.data));
      ready.active.postMessage({other.url + "/service"!r});
      return answered; }}"""
    async with browse(snapshot="none") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/blank"))
        result = ok(await client.call("browser_evaluate", function=script))
        told = ok(await client.call("browser_tabs", action="list"))
    events: list[dict[str, Any]] = [*result.data.get("events", []), *told.data.get("events", [])]
    assert any("/service" in event["text"] for event in events)
    assert other.connections == 0


async def test_a_meta_refresh_is_bound_as_well(browse: Browse, site: Site, other: Site) -> None:
    """Case 19: meta refresh."""
    async with browse(snapshot="none") as client:
        first = await client.call("browser_navigate", url=f"{site.url}/refresh", waitUntil="load")
        async with asyncio.timeout(10):
            found = first
            while "blocked" not in str(found.data):
                if found.error_code == "blocked_origin":
                    break
                found = await client.call("browser_snapshot")
    assert other.connections == 0


@pytest.mark.parametrize("url", LOOPBACK)
async def test_without_a_list_only_public_addresses_are_reached(browse: Browse, other: Site, url: str) -> None:
    """Case 20; the address matrix of the fetch server's advisories holds for the browser too."""
    resolver = Answers(**{"inside.example": ["93.184.216.34", "127.0.0.1"]})
    async with browse(allowed_origins=[], resolver=resolver) as client:
        result = await client.call("browser_navigate", url=url.format(port=other.port))
    assert result.error_code == "blocked_address", result.text
    assert other.connections == 0


async def test_a_page_on_a_listed_origin_cannot_reach_other_private_addresses(
    browse: Browse, site: Site, other: Site, ok: Any
) -> None:
    """Case 20, from inside a page: a wildcard list lets it reach its host, the rest stays private."""
    script = f"() => fetch('http://localhost:{other.port}/x', {{mode: 'no-cors'}}).then(r => r.type, e => 'refused')"
    async with browse(snapshot="none") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/blank"))
        ok(await client.call("browser_evaluate", function=script))
    assert other.connections == 0


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com.evil/", "https://example.com@evil.test/", "https://evil.test#example.com",
        "https://\u0435\u0445ample.com/", "https://evil.test/https://example.com", "http://example.com/", "https://example.com:8443/",
    ],
)  # fmt: skip
async def test_what_only_looks_like_a_listed_origin_is_refused(browse: Browse, url: str) -> None:
    """Case 21."""
    resolver = Answers(**{"example.com": ["127.0.0.1"]})
    async with browse(allowed_origins=["https://example.com"], resolver=resolver) as client:
        result = await client.call("browser_navigate", url=url)
    assert result.error_code in {"blocked_origin", "invalid_argument"}, result.text
    assert resolver.asked == []


@pytest.mark.parametrize("url", ["https://example.com./", "https://EXAMPLE.com/"])
async def test_other_spellings_of_a_listed_origin_are_allowed(browse: Browse, url: str) -> None:
    """Case 21: the name is looked up, so the list let it pass."""
    resolver = Answers(**{"example.com": ["127.0.0.1"]})
    async with browse(allowed_origins=["https://example.com"], resolver=resolver) as client:
        result = await client.call("browser_navigate", url=url)
    assert result.error_code == "failed", result.text  # nobody listens there
    assert set(resolver.asked) == {"example.com"}


@pytest.mark.parametrize("tool", ["browser_navigate", "browser_tabs"])
@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "FILE:///etc/passwd", " file:///etc/passwd", "fi\tle:///etc/passwd", "\tfile:/etc/passwd",
        "view-source:file:///etc/passwd", "chrome://version", "devtools://devtools", "javascript:alert(1)",
        "filesystem:http://x/y", "ftp://example.com/", "about:version", "chrome-extension://x/y", "data:text/html,x",
    ],
)  # fmt: skip
async def test_schemes_that_leave_the_web_are_refused(browse: Browse, tool: str, url: str) -> None:
    """Case 22."""
    arguments = {"action": "new"} if tool == "browser_tabs" else {}
    async with browse() as client:
        result = await client.call(tool, url=url, **arguments)
    assert result.error_code == "blocked_scheme", result.text


async def test_the_blank_page_and_inline_pages_without_a_list(browse: Browse, ok: Any) -> None:
    """Case 22."""
    async with browse(allowed_origins=[]) as client:
        blank = ok(await client.call("browser_navigate", url="about:blank"))
        inline = ok(await client.call("browser_navigate", url="data:text/html,<h1>inline</h1>"))
    assert blank.data["page"]["url"] == "about:blank"
    assert 'heading "inline"' in inline.text


async def test_a_session_may_be_narrower_and_never_wider(browse: Browse, site: Site, other: Site, ok: Any) -> None:
    """Case 23."""
    async with browse(allowed_origins=[site.url, other.url]) as client:
        wider = await client.call("browser_session", action="create", allowedOrigins=["https://example.com"])
        made = ok(await client.call("browser_session", action="create", allowedOrigins=[site.url]))
        handle = made.data["session"]
        fine = ok(await client.call("browser_navigate", url=f"{site.url}/form", session=handle))
        refused = await client.call("browser_navigate", url=f"{other.url}/form", session=handle)
    assert wider.error_code == "invalid_argument"
    assert fine.data["page"]["status"] == 200
    assert refused.error_code == "blocked_origin"
    assert other.connections == 0


async def test_a_mocked_answer_comes_from_us_and_without_the_mock_the_guard_decides(
    browse: Browse, site: Site, other: Site, ok: Any
) -> None:
    """Case 23."""
    script = f"() => fetch('{other.url}/api').then(r => r.text(), e => 'refused')"
    headers = ["Access-Control-Allow-Origin: *"]
    async with browse(snapshot="none") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/blank"))
        ok(await client.call("browser_route", pattern=f"{other.url}/**", body="mocked", headers=headers))
        mocked = ok(await client.call("browser_evaluate", function=script))
        listed = ok(await client.call("browser_route_list"))
        ok(await client.call("browser_unroute", pattern=f"{other.url}/**"))
        refused = ok(await client.call("browser_evaluate", function=script))
        ok(await client.call("browser_route", pattern=f"{other.url}/**", removeHeaders="x-nothing"))
        passed = ok(await client.call("browser_evaluate", function=script))
    assert mocked.data["result"] == "mocked"
    assert listed.data["result"]["routes"][0]["pattern"] == f"{other.url}/**"
    assert refused.data["result"] != "mocked"
    assert passed.data["result"] != "mocked"
    assert other.connections == 0


async def test_pages_read_no_files_of_this_machine(browse: Browse, site: Site, ok: Any, tmp_path: Any) -> None:
    """Case 24."""
    secret = tmp_path / "outside.txt"
    secret.write_text("outside the roots")
    frame = f"""async () => {{
      const f = document.createElement('iframe'); f.src = 'file://{secret}'; document.body.append(f);
      await new Promise(done => setTimeout(done, 300));
      let text = ''; try {{ text = f.contentDocument?.body?.textContent || '' }} catch {{}}
      const got = await fetch('file://{secret}').then(r => r.text(), e => 'refused');
      return text + '|' + got; }}"""
    field = """() => {
      const i = document.createElement('input'); i.type = 'file'; i.id = 'made'; document.body.append(i); }"""
    async with browse() as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/blank"))
        tried = ok(await client.call("browser_evaluate", function=frame))
        ok(await client.call("browser_evaluate", function=field))
        upload = await client.call("browser_file_upload", paths=[str(secret)], target="#made")
        drop = await client.call("browser_drop", paths=[str(secret)], target="#made")
        snapshot = ok(await client.call("browser_snapshot"))
    assert "outside the roots" not in str([tried.raw, snapshot.raw])
    assert (upload.error_code, drop.error_code) == ("path_denied", "path_denied")


async def test_our_own_ports_are_not_reached_by_a_wildcard(browse: Browse, free_port: Callable[[], Any]) -> None:
    """A list of `http://127.0.0.1:*` does not mean whatever this very process listens on."""
    async with free_port() as (port, hits), browse(allowed_origins=["http://127.0.0.1:*"]) as client:
        refused = await client.call("browser_navigate", url=f"http://127.0.0.1:{port}/")
        assert hits == []
    async with free_port() as (port, hits), browse(allowed_origins=[f"http://127.0.0.1:{port}"]) as client:
        await client.call("browser_navigate", url=f"http://127.0.0.1:{port}/", timeoutMs=2000)
        assert hits != []
    assert refused.error_code == "blocked_address"


async def test_the_user_may_add_a_public_origin_where_the_operator_lets_them(browse: Browse, other: Site) -> None:
    questions: list[str] = []

    def agree(params: dict[str, Any]) -> dict[str, Any]:
        questions.append(params["message"])
        return {"action": "accept", "content": {"allow": True}}

    resolver = Answers(**{"example.com": ["127.0.0.1"]})
    for revision in ("2025-11-25", "2026-07-28"):
        async with browse(
            ask_origins=True, answers={"elicitation/create": agree}, revision=revision, resolver=resolver
        ) as client:
            private = await client.call("browser_navigate", url=f"{other.url}/form")
            named = await client.call("browser_navigate", url="http://example.com/")
        assert private.error_code == "blocked_address"  # what the user agrees to must be public all the same
        assert named.error_code == "blocked_address"
    assert len(questions) == 4
    assert other.connections == 0
