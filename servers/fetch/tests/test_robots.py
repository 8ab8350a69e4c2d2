"""robots.txt: asked once for each origin, understood as RFC 9309 has it, and never in the way of a person's wish."""

import asyncio
from typing import Any

import pytest

from mcp_ref_kit.settings import Rate

Web = Any
Reads = Any

each_era = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
PAGE = "<p>A page with some text.</p>"


@pytest.mark.parametrize(
    ("answer", "allowed"),
    [
        ({"status": 404}, True),
        ({"status": 410}, True),
        ({"status": 401}, False),
        ({"status": 403}, False),
        ({"status": 500, "body": "User-agent: *\nAllow: /"}, False),
        ({"status": 503}, False),
        ({"body": "<!doctype html><p>User-agent: *\nDisallow: /", "type": "text/html"}, True),
        ({"body": b"User-agent: *\nDisallow: /\n" + b"#" * 1_000_000, "type": "text/plain"}, False),
        ({"body": b"#" * 1_000_000 + b"\nUser-agent: *\nDisallow: /\n", "type": "text/plain"}, True),
        ({"body": "User-agent: other\nDisallow: /\n", "type": "text/plain"}, True),
        ({"body": "User-agent: MCP-Ref-Fetch\nDisallow: /\n\nUser-agent: *\nAllow: /", "type": "text/plain"}, False),
        ({"body": "User-agent: *\nDisallow: /*?q=\nAllow: /$", "type": "text/plain"}, True),
        ({"body": "User-agent: *\nDisallow: /*x$", "type": "text/plain"}, False),
        ({"body": "User-agent: *\nDisallow: /x\nAllow: /x", "type": "text/plain"}, True),
    ],
)
async def test_wf14_every_answer_has_its_meaning(web: Web, reads: Reads, answer: dict[str, Any], allowed: bool) -> None:  # noqa: FBT001  a parameter of the test
    """WF14; servers #4482: the official server takes the body of a 500 for rules."""
    web.page("/robots.txt", **answer)
    web.page("/x", PAGE)
    async with reads() as reading:
        found = await reading.client.call("fetch", url=web.url("/x"))
    assert found.error_code == (None if allowed else "robots_denied"), found.text
    assert web.paths() == (["/x"] if allowed else [])


async def test_wf14_redirects_of_it_are_followed_a_little(web: Web, reads: Reads) -> None:
    """WF14."""
    web.redirect("/robots.txt", "/r1")
    for number in range(1, 5):
        web.redirect(f"/r{number}", f"/r{number + 1}")
    web.page("/r5", "User-agent: *\nDisallow: /no\n", "text/plain")
    web.page("/yes", PAGE)
    async with reads() as reading:
        assert (await reading.fetch(web.url("/yes")))["robots"] == "allowed"
        assert (await reading.refusal(web.url("/no")))[0] == "robots_denied"
    web.redirect("/r5", "/robots.txt")
    async with reads() as reading:
        code, words = await reading.refusal(web.url("/yes"))
    assert code == "robots_denied"
    assert "too_many_redirects" in words


async def test_another_origin_is_asked_before_a_redirect_leads_there(web: Web, reads: Reads) -> None:
    web.redirect("/go", web.url("/there", "other.test"))
    web.page("/there", PAGE)
    async with reads() as reading:
        for name in ("one.test", "other.test"):
            reading.names.add(name, ["127.0.0.1"])
        await reading.fetch(web.url("/go", "one.test"))
        hosts = [(hit.path, hit.headers["host"].split(":")[0]) for hit in web.hits]
        assert hosts == [
            ("/robots.txt", "one.test"),
            ("/go", "one.test"),
            ("/robots.txt", "other.test"),
            ("/there", "other.test"),
        ]


async def test_pauses_that_a_host_asks_for_are_kept_or_too_long(web: Web, reads: Reads) -> None:
    web.page("/robots.txt", "User-agent: *\nCrawl-delay: 0.3\n", "text/plain")
    web.page("/1", PAGE)
    web.page("/2", PAGE)
    async with reads() as reading:
        began = asyncio.get_running_loop().time()
        await reading.fetch(web.url("/1"))
        await reading.fetch(web.url("/2"))
        assert asyncio.get_running_loop().time() - began >= 0.3
    web.page("/robots.txt", "User-agent: *\nCrawl-delay: 60\n", "text/plain")
    async with reads() as reading:
        code, words = await reading.refusal(web.url("/1"))
    assert code == "rate_limited"
    assert "60 s" in words


async def test_turns_at_a_host_are_waited_for_or_refused(web: Web, reads: Reads) -> None:
    for number in range(4):
        web.page(f"/{number}", PAGE)
    async with reads(rate=Rate(1, 60), timeout_total=5.0, ignore_robots_txt=True) as reading:
        await reading.fetch(web.url("/0"))
        code, words = await reading.refusal(web.url("/1"))
    assert code == "rate_limited"
    assert "--rate" in words


async def test_a_prompt_that_fails_says_so_in_its_message(web: Web, reads: Reads) -> None:
    async with reads() as reading:
        [message] = await reading.client.prompt("fetch", url=web.url("/none"))
    assert message["content"]["text"].startswith(f"Failed to fetch {web.url('/none')}: ")
