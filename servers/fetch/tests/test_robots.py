"""robots.txt: asked once for each origin, understood as RFC 9309 has it, and never in the way of a person's wish."""

import asyncio
from typing import Any

import pytest

from mcp_ref_kit.settings import Rate

Web = Any
Reads = Any

each_era = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
PAGE = "<p>A page with some text.</p>"


@each_era
async def test_wf13_a_refusal_names_its_rule_and_the_way_of_a_person(web: Web, reads: Reads, revision: str) -> None:
    """WF13."""
    web.page("/robots.txt", "User-agent: *\nAllow: /\nDisallow: /private # no\nSitemap: /s.xml\n", "text/plain")
    web.page("/private/x", PAGE)
    web.page("/open", PAGE)
    async with reads(revision=revision) as reading:
        code, words = await reading.refusal(web.url("/private/x"))
        assert web.paths() == []
        open_page = await reading.fetch(web.url("/open"))
        [message] = await reading.client.prompt("fetch", url=web.url("/private/x"))
        said = await reading.client.call("fetch_robots", url=web.url("/private/x"))
    assert code == "robots_denied"
    assert "`Disallow: /private`" in words
    assert "prompt `fetch`" in words
    assert open_page["robots"] == "allowed"
    assert message["content"]["text"].endswith("A page with some text.")
    assert said.data == {
        "allowed": False,
        "rule": "Disallow: /private",
        "sitemaps": ["/s.xml"],
        "status": 200,
        "untrusted": True,
    }


async def test_wf13_the_operator_may_ignore_it(web: Web, reads: Reads) -> None:
    """WF13."""
    web.page("/robots.txt", "User-agent: *\nDisallow: /\n", "text/plain")
    web.page("/x", PAGE)
    async with reads(ignore_robots_txt=True) as reading:
        assert (await reading.fetch(web.url("/x")))["robots"] == "ignored"
    assert web.paths(robots=True) == ["/x"]


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


async def test_wf14_a_robots_txt_that_does_not_come_takes_a_third_of_the_time(web: Web, reads: Reads) -> None:
    """WF14; servers #4482: no deadline."""

    async def silent(_hit: Any, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    web.pages["/robots.txt"] = silent
    async with reads(timeout_total=6.0) as reading:
        began = asyncio.get_running_loop().time()
        found = await reading.client.call("fetch", url=web.url("/x"))
        assert 1.9 < asyncio.get_running_loop().time() - began < 5
    assert found.error_code == "robots_denied"
    assert found.raw["_meta"]["mcp-ref/error"]["retryable"] is True
    assert "(timeout)" in found.text


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


async def test_wf14_ten_pages_of_a_host_cost_one_robots_request(web: Web, reads: Reads) -> None:
    """WF14."""
    for number in range(10):
        web.page(f"/{number}", PAGE)
    async with reads() as reading:
        urls = [web.url(f"/{number}") for number in range(10)]
        called = await reading.client.call("fetch_many", urls=urls)
    assert all(one["ok"] for one in called.data["results"])
    assert web.paths(robots=True).count("/robots.txt") == 1
    assert len(web.hits) == 11


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
    async with reads(rate=Rate(1, 1), timeout_total=0.5) as reading:
        await reading.fetch(web.url("/0"))
        code, words = await reading.refusal(web.url("/1"))
    assert code == "rate_limited"
    assert "1/s" in words


@each_era
async def test_wf27_who_asks_is_said(web: Web, reads: Reads, revision: str) -> None:
    """WF27."""
    web.page("/x", PAGE)
    async with reads(revision=revision) as reading:
        await reading.fetch(web.url("/x"))
        assert "(Autonomous; +" in web.hits[-1].headers["user-agent"]
        await reading.client.prompt("fetch", url=web.url("/x"))
        assert "(User-Specified; +" in web.hits[-1].headers["user-agent"]
        assert web.paths(robots=True) == ["/robots.txt", "/x", "/x"]
    async with reads(user_agent="Mine/2.0 (me)") as reading:
        await reading.fetch(web.url("/x"))
        await reading.client.prompt("fetch", url=web.url("/x"))
        assert [hit.headers["user-agent"] for hit in web.hits[-3:]] == ["Mine/2.0 (me)"] * 3
        web.page("/robots.txt", "User-agent: mine\nDisallow: /\n", "text/plain")
    async with reads(user_agent="Mine/2.0 (me)") as reading:
        assert (await reading.refusal(web.url("/x")))[0] == "robots_denied"


async def test_a_prompt_that_fails_says_so_in_its_message(web: Web, reads: Reads) -> None:
    async with reads() as reading:
        [message] = await reading.client.prompt("fetch", url=web.url("/none"))
    assert message["content"]["text"].startswith(f"Failed to fetch {web.url('/none')}: ")
