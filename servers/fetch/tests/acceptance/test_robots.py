"""robots.txt and who asks, through the running server."""

import asyncio
import time
from typing import Any

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="session")

PAGE = "<p>A page with some text.</p>"
HOW = "prompt `fetch`"


def message(found: Any) -> str:
    """The text of a prompt."""
    return found.messages[0].content.text


async def test_a_refusal_names_its_rule_and_the_way_of_a_person(town: Any, lane: str) -> None:
    """WF13."""
    town.web.page("/robots.txt", "User-agent: *\nAllow: /\nDisallow: /private # no\nSitemap: /s.xml\n", "text/plain")
    town.web.page("/private/x", PAGE)
    town.web.page("/open", PAGE)
    server = await town.opened(lane)
    code, words = await server.refusal(town.url("/private/x"))
    assert (code, "`Disallow: /private`" in words, HOW in words) == ("robots_denied", True, True)
    assert town.web.paths() == []
    assert (await server.fetch(town.url("/open")))["robots"] == "allowed"
    asked = await server.client.get_prompt("fetch", {"url": town.url("/private/x")})
    assert message(asked).endswith("A page with some text.")
    said = await server.call("fetch_robots", url=town.url("/private/x"))
    assert (said.data["allowed"], said.data["rule"]) == (False, "Disallow: /private")


async def test_what_ignores_it_says_so_and_one_name_is_for_tool_and_prompt(town: Any, lane: str) -> None:
    """WF13, WF27: `--ignore-robots-txt`, `--user-agent`."""
    town.web.page("/robots.txt", "User-agent: *\nDisallow: /\n", "text/plain")
    town.web.page("/x", PAGE)
    opened = ("--allow-cidr", "127.0.0.0/8", "--allow-port", "any")
    server = await town.server(lane, *opened, "--ignore-robots-txt", "--user-agent", "Mine/2.0 (me)")
    assert (await server.fetch(town.url("/x")))["robots"] == "ignored"
    await server.client.get_prompt("fetch", {"url": town.url("/x")})
    assert town.web.paths(robots=True) == ["/x", "/x"]
    assert [hit.headers["user-agent"] for hit in town.web.hits] == ["Mine/2.0 (me)"] * 2


async def test_who_asks_is_said(town: Any, lane: str) -> None:
    """WF27."""
    town.web.page("/x", PAGE)
    server = await town.opened(lane)
    await server.fetch(town.url("/x"))
    await server.client.get_prompt("fetch", {"url": town.url("/x")})
    agents = [hit.headers["user-agent"] for hit in town.web.hits]
    assert town.web.paths(robots=True) == ["/robots.txt", "/x", "/x"]
    assert ["(Autonomous; +" in agent for agent in agents] == [True, True, False]
    assert "(User-Specified; +" in agents[-1]


async def test_every_answer_has_its_meaning(town: Any, lane: str) -> None:
    """WF14, WF32; servers #4482: the official server takes the body of a 500 for rules."""
    no = b"User-agent: *\nDisallow: /\n"
    answers: list[tuple[dict[str, Any], bool]] = [
        ({"status": 404}, True),
        ({"status": 401}, False),
        ({"status": 500, "body": "User-agent: *\nAllow: /"}, False),
        ({"body": b"<!doctype html><p>" + no, "type": "text/html"}, True),
        ({"body": no + b"#" * 1_000_000, "type": "text/plain"}, False),
        ({"body": b"#" * 1_000_000 + b"\n" + no, "type": "text/plain"}, True),
        ({"status": 302, "headers": {"Location": "/rules"}}, False),
    ]
    town.web.page("/rules", no, "text/plain")
    town.web.page("/x", PAGE)
    server = await town.opened(lane)
    for number, (answer, allowed) in enumerate(answers):
        town.web.page("/robots.txt", **answer)
        found = await server.call("fetch", url=town.url("/x", f"{number}.{town.host}"))
        assert found.code == (None if allowed else "robots_denied"), (answer, found.text)


async def test_one_that_does_not_come_takes_a_third_of_the_time(town: Any, lane: str) -> None:
    """WF14; servers #4482: no deadline."""

    async def silent(_hit: Any, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(2)

    town.web.pages["/robots.txt"] = silent
    server = await town.hasty(lane)
    began = time.monotonic()
    found = await server.call("fetch", url=town.url("/x"))
    assert 0.3 < time.monotonic() - began < 0.9
    assert (found.code, found.meta["retryable"], "(timeout)" in found.text) == ("robots_denied", True, True)


async def test_ten_pages_of_a_host_cost_one_robots_request(town: Any, lane: str) -> None:
    """WF14, servers #4482; the official server asks twenty times."""
    for number in range(10):
        town.web.page(f"/{number}", PAGE)
    server = await town.opened(lane)
    found = await server.call("fetch_many", urls=[town.url(f"/{number}") for number in range(10)])
    assert all(one["ok"] for one in found.data["results"])
    assert len(town.web.hits) == 11
    assert town.web.paths(robots=True).count("/robots.txt") == 1
