# ruff: noqa: RUF001  look-alikes are what is tested
"""Attacks on where bytes go: addresses in every spelling, names that lie, redirects, schemes, ports, proxies."""

import asyncio
import os
from typing import Any

import pytest

from mcp_protocol.testing import connect
from mcp_ref_fetch.choices import AllowedPort
from mcp_ref_fetch.server import fetch_server
from mcp_ref_fetch.settings import Settings
from mcp_ref_kit.network import HostPattern, Network
from mcp_ref_kit.settings import Secret

Web = Any
Reads = Any
Serve = Any

PUBLIC = "93.184.215.14"
each_era = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
FORBIDDEN = [
    "127.0.0.1",
    "localhost",
    "localhost.",
    "0.0.0.0",  # noqa: S104  an address to refuse
    "2130706433",
    "0177.0.0.1",
    "0x7f.1",
    "127.1",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "10.0.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "[fd00:ec2::254]",
    "１２７.０.０.１",
    "127。0。0。1",
    "ｌｏｃａｌｈｏｓｔ",
    "LOCALHOST",
    "a.localhost",
    "printer.local",
    "metadata.google.internal",
]
METADATA = ["169.254.169.254", "[fd00:ec2::254]", "100.100.100.200", "168.63.129.16", "[::ffff:169.254.169.254]"]


@each_era
@pytest.mark.parametrize("host", FORBIDDEN)
async def test_ssrf_address_matrix(canary: Web, reads: Reads, host: str, revision: str) -> None:
    """WF1, servers #4116, #4838; CVE-2026-49857, CVE-2026-42449: no byte leaves for an address that is not public."""
    async with reads(default=True, revision=revision) as reading:
        code, words = await reading.refusal(f"http://{host}:{canary.port}/")
    assert code in {"blocked_address", "blocked_host"}
    assert reading.dialler.dialled == []
    assert "Connect" not in words


async def test_cve_2026_49857_hexadecimal_mapped_form(canary: Web, reads: Reads) -> None:
    """CVE-2026-49857: `::ffff:7f00:1` passed a check on text that knew `::ffff:127.0.0.1`."""
    async with reads(default=True) as reading:
        assert (await reading.refusal(f"http://[::ffff:7f00:1]:{canary.port}/"))[0] == "blocked_address"


async def test_the_real_resolver_is_no_way_round(canary: Web) -> None:
    """WF1 with the machine's own resolver and connector."""
    async with connect(fetch_server(), Settings(allow_port=[AllowedPort(0)])) as client:
        for host in ("localhost", "127.0.0.1", "0x7f.1", "ip6-localhost"):
            found = await client.call("fetch", url=f"http://{host}:{canary.port}/")
            assert found.error_code in {"blocked_address", "blocked_host", "dns"}


@each_era
@pytest.mark.parametrize("host", FORBIDDEN)
async def test_4116_4838_4492_redirects_are_judged_like_the_first_url(
    web: Web, canary: Web, reads: Reads, host: str, revision: str
) -> None:
    """WF2; servers #4116, #4838, #4492: a public page led to a private address."""
    location = f"http://{host}:{canary.port}/secret"

    async def redirect(_hit: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + location.encode() + b"\r\n\r\n")
        await writer.drain()

    web.pages["/go"] = redirect
    async with reads(default=True, revision=revision) as reading:
        reading.names.add("public.test", [PUBLIC])
        code, words = await reading.refusal("http://public.test/go")
    assert code in {"blocked_address", "blocked_host"}
    assert "Redirect 1 of `http://public.test/go`" in words
    assert {address for address, _ in reading.dialler.dialled} == {PUBLIC}


async def test_wf3_one_bad_address_refuses_the_name(canary: Web, reads: Reads) -> None:
    """WF3."""
    async with reads(default=True) as reading:
        reading.names.add("two.test", [PUBLIC, "127.0.0.1"])
        reading.names.add("scoped.test", [PUBLIC, "fe80::1%eth0"])
        reading.names.add("many.test", [PUBLIC] * 65)
        two = await reading.refusal(f"http://two.test:{canary.port}/")
        scoped = await reading.refusal("http://scoped.test/")
        many = await reading.refusal("http://many.test/")
        none = await reading.refusal("http://none.test/")
    assert (two[0], scoped[0], many[0], none[0]) == ("blocked_address", "blocked_address", "dns", "dns")
    assert "127.0.0.1" not in two[1]
    assert reading.dialler.dialled == []


async def test_wf4_a_name_is_looked_up_once_for_each_request(web: Web, canary: Web, reads: Reads) -> None:
    """WF4: rebinding. The page may be asked at the judged address only; what a second lookup says changes nothing."""
    web.page("/", "<p>public</p>")
    async with reads(default=True, ignore_robots_txt=True) as reading:
        reading.names.add("rebind.test", [PUBLIC], ["127.0.0.1"])
        page = await reading.fetch(f"http://rebind.test:{canary.port}/")
        assert page["content"] == "public"
        assert reading.names.asked == ["rebind.test"]
        assert reading.dialler.dialled == [(PUBLIC, canary.port)]
        code, _ = await reading.refusal(f"http://rebind.test:{canary.port}/again")
    assert code == "blocked_address"


async def test_a_peer_that_is_another_than_was_dialled_gets_no_request(web: Web, reads: Reads) -> None:
    """A socket that ends elsewhere, as behind a transparent redirect of the system."""
    async with reads(default=True) as reading:
        reading.names.add("elsewhere.test", [PUBLIC])
        reading.dialler.masked = False
        code, _ = await reading.refusal("http://elsewhere.test/")
    assert code == "blocked_address"
    assert web.hits == []


@pytest.mark.parametrize("host", METADATA)
async def test_wf5_cloud_metadata_stays_refused(canary: Web, reads: Reads, host: str) -> None:
    """WF5."""
    async with reads(default=True, allow_private_ips=True) as reading:
        assert (await reading.refusal(f"http://{host}:{canary.port}/"))[0] == "blocked_address"
    wide = [Network.parse("0.0.0.0/0"), Network.parse("::/0")]
    async with reads(allow_private_ips=True, allow_cidr=wide) as reading:
        assert (await reading.refusal(f"http://{host}:{canary.port}/"))[0] == "blocked_address"
    assert reading.dialler.dialled == []


async def test_private_addresses_are_lifted_by_the_operator_alone(web: Web, reads: Reads) -> None:
    web.page("/", "<p>inside</p>")
    async with reads(default=True, allow_private_ips=True) as reading:
        assert (await reading.fetch(web.url("/")))["content"] == "inside"
        reading.names.add("localhost", ["127.0.0.1"])
        assert (await reading.fetch(web.url("/", "localhost")))["content"] == "inside"
        refused = await reading.refusal(web.url("/"), allow_private_ips=True)
    assert refused[0] == "invalid_argument"


async def test_lists_of_hosts_hold_on_every_hop(web: Web, canary: Web, reads: Reads) -> None:
    web.page("/", "<p>fine</p>")
    web.redirect("/go", f"http://bad.test:{canary.port}/")
    lists = {
        "allow_host": [HostPattern.parse("good.test"), HostPattern.parse("*.below.test")],
        "deny_host": [HostPattern.parse("no.below.test")],
    }
    async with reads(**lists) as reading:
        for name in ("good.test", "bad.test", "a.below.test", "no.below.test", "below.test", "good.test.evil.test"):
            reading.names.add(name, ["127.0.0.1"])
        assert (await reading.fetch(web.url("/", "good.test")))["content"] == "fine"
        assert (await reading.fetch(web.url("/", "GOOD.test.")))["content"] == "fine"
        assert (await reading.fetch(web.url("/", "a.below.test")))["content"] == "fine"
        for host in ("bad.test", "no.below.test", "below.test", "good.test.evil.test", "127.0.0.1"):
            assert (await reading.refusal(web.url("/", host)))[0] == "blocked_host"
        assert (await reading.refusal(web.url("/go", "good.test")))[0] == "blocked_host"


async def test_wf6_schemes_and_urls_that_are_none(canary: Web, reads: Reads) -> None:
    """WF6."""
    schemes = ["file:///etc/passwd", "ftp://h/", "gopher://h/", "data:text/html,x", "javascript:alert(1)", "FILE:///x"]
    wrong = [
        "example.com/x",
        "http://u:p@h/",
        f"http://good\\@127.0.0.1:{canary.port}/",
        "http://h /",
        "http:/h",
        "http://",
        "http://h:0/",
        "http://h:65536/",
        "http://[::1",
        "http://h\n.test/",
        "http://%31%32%37.0.0.1/",
        "http://1.2.3.4.5/",
        "http://h" + "x" * 9000,
    ]
    async with reads(default=True) as reading:
        for url in schemes:
            assert (await reading.refusal(url))[0] == "blocked_scheme", url
        for url in wrong:
            assert (await reading.refusal(url))[0] == "invalid_argument", url
    assert reading.names.asked == []


async def test_wf7_ports_and_circles(web: Web, reads: Reads) -> None:
    """WF7."""
    for number in range(7):
        web.redirect(f"/{number}", f"/{number + 1}")
    web.redirect("/round", "/about")
    web.redirect("/about", "round")
    web.page("/5", "<p>the end</p>")
    async with reads(default=True, allow_port=[]) as reading:
        assert (await reading.refusal("http://example.test:22/"))[0] == "blocked_port"
    async with reads() as reading:
        five = await reading.fetch(web.url("/0"))
        web.redirect("/5", "/6")
        six = await reading.refusal(web.url("/0"), no_cache=True)
        circle = await reading.refusal(web.url("/round"))
    assert five["content"] == "the end"
    assert [hop["status"] for hop in five["redirects"]] == [302] * 5
    assert five["final_url"] == web.url("/5")
    assert six[0] == "too_many_redirects"
    assert f"{web.url('/4')} -> {web.url('/5')}" in six[1]
    assert circle[0] == "too_many_redirects"
    assert "circle" in circle[1]


async def test_wf8_proxies_of_the_environment_are_not_used(
    web: Web, canary: Web, reads: Reads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """WF8."""
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, canary.url("/"))
    web.page("/", "<p>direct</p>")
    async with reads() as reading:
        assert (await reading.fetch(web.url("/")))["content"] == "direct"
    assert os.environ["HTTP_PROXY"]


async def test_wf8_the_proxy_of_the_operator_is_asked_for_the_judged_address(
    web: Web, canary: Web, reads: Reads
) -> None:
    """WF8: what the proxy connects to was judged here; the Host header keeps the name."""
    seen: list[tuple[str, str]] = []

    async def relay(hit: Any, writer: asyncio.StreamWriter) -> None:
        seen.append((hit.path, hit.headers["host"]))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 7\r\n\r\nrelayed")
        await writer.drain()

    web.pages[f"http://{PUBLIC}:80/x"] = relay
    proxy = Secret(f"http://127.0.0.1:{web.port}")
    async with reads(default=True, proxy_url=proxy, ignore_robots_txt=True) as reading:
        reading.names.add("public.test", [PUBLIC])
        page = await reading.fetch("http://public.test/x")
        refused = await reading.refusal(f"http://127.0.0.1:{canary.port}/")
    assert page["content"] == "relayed"
    assert seen == [(f"http://{PUBLIC}:80/x", "public.test")]
    assert refused[0] == "blocked_address"


async def test_a_downgrade_is_followed_and_told(web: Web, reads: Reads) -> None:
    web.redirect("/a", "/b")
    web.page("/b", "<p>b</p>")
    async with reads() as reading:
        page = await reading.fetch(web.url("/a"))
    assert page["downgraded"] is False
    assert page["redirects"] == [{"url": web.url("/a"), "status": 302}]


async def test_refresh_and_scripts_lead_nowhere(web: Web, canary: Web, reads: Reads) -> None:
    away = canary.url("/")
    web.page(
        "/",
        f"<meta http-equiv=refresh content='0;url={away}'><script>location='{away}'</script><p>here",
        headers={"Refresh": f"0;url={away}"},
    )
    async with reads() as reading:
        assert (await reading.fetch(web.url("/")))["content"] == "here"
