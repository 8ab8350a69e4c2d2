"""The filtering proxy against pages and callers that want to be elsewhere: the other site is never reached."""

from collections.abc import Callable
from typing import Any

import pytest

Browse = Any
Site = Any
each_revision = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
LOOPBACK = [
    "http://inside.example/", "http://LOCALHOST:{port}/", "http://metadata.google.internal/", "127.0.0.1:{port}",
    "http://127.0.0.1.:{port}/", "http://017700000001:{port}/",
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


async def test_a_link_that_leads_to_a_forbidden_origin_says_so(
    browse: Browse, site: Site, other: Site, ok: Any
) -> None:
    """Case 19: links; forms are among the acceptance tests."""
    async with browse(snapshot="none") as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/elsewhere"))
        result = await client.call("browser_click", target="text=Link")
        after = ok(await client.call("browser_tabs", action="list"))
    assert result.error_code == "blocked_origin", result.text
    assert str(other.port) not in after.data["page"]["url"]
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


@pytest.mark.parametrize("host", ["inside.example", "x.inside.example", "x.localhost"])
async def test_whoever_has_a_name_below_a_wildcard_does_not_reach_private_addresses(
    browse: Browse, other: Site, host: str
) -> None:
    """`*.example` was said of names; where one of them leads is up to whoever has it."""
    resolver = Answers(**{host: ["127.0.0.1"]})
    async with browse(allowed_origins=["*.example:*", "http://*.localhost:*"], resolver=resolver) as client:
        result = await client.call("browser_navigate", url=f"http://{host}:{other.port}/form")
    assert result.error_code == "blocked_address", result.text
    assert "own" not in result.text.partition("Whoever")[0]  # it is not for the port
    assert other.connections == 0


async def test_a_host_that_is_named_may_be_private_beside_a_wildcard(browse: Browse, other: Site, ok: Any) -> None:
    resolver = Answers(**{"inside.example": ["127.0.0.1"]})
    origins = ["*.example:*", f"http://inside.example:{other.port}"]
    async with browse(allowed_origins=origins, resolver=resolver) as client:
        page = ok(await client.call("browser_navigate", url=f"http://inside.example:{other.port}/form"))
    assert page.data["page"]["title"] == "Form"


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


@pytest.mark.parametrize("url", ["about:version", "chrome-extension://x/y", "data:text/html,x", "\tfile:/etc/passwd"])
async def test_schemes_that_leave_the_web_are_refused(browse: Browse, url: str) -> None:
    """Case 22: what the acceptance tests leave out."""
    async with browse() as client:
        result = await client.call("browser_navigate", url=url)
    assert result.error_code == "blocked_scheme", result.text


async def test_the_blank_page_and_inline_pages_without_a_list(browse: Browse, ok: Any) -> None:
    """Case 22."""
    async with browse(allowed_origins=[]) as client:
        blank = ok(await client.call("browser_navigate", url="about:blank"))
        inline = ok(await client.call("browser_navigate", url="data:text/html,<h1>inline</h1>"))
    assert blank.data["page"]["url"] == "about:blank"
    assert 'heading "inline"' in inline.text


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
