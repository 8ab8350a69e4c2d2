# ruff: noqa: RUF001  look-alikes are what is tested
"""Where bytes may go, through the running server: addresses, names, redirects, schemes, ports, proxies."""

import asyncio
from typing import Any

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="session")

PUBLIC = "93.184.215.14"
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
BLOCKED = {"blocked_address", "blocked_host"}


async def wide(town: Any, lane: str) -> Any:
    """The server with all lifted that can be."""
    every = ("--allow-cidr", "0.0.0.0/0", "--allow-cidr", "::/0", "--allow-port", "any", "--rate", "10000/s")
    return await town.server(lane, "--allow-private-ips", *every)


async def test_ssrf_address_matrix(town: Any, lane: str) -> None:
    """WF1, WF32; servers #4116, #4838; CVE-2026-49857, CVE-2026-42449: no byte leaves for a private address."""
    server = await town.default(lane)
    for host in FORBIDDEN:
        code, words = await server.refusal(f"http://{host}:{town.canary.port}/")
        assert code in BLOCKED, host
        assert "onnect" not in words
    assert server.process.dialled == []


async def test_4116_4838_4492_redirects_are_judged_like_the_first_url(town: Any, lane: str) -> None:
    """WF2, WF32; servers #4116, #4838, #4492: a public page led to a private address."""

    def leading(location: str) -> Any:
        async def redirect(_hit: Any, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + location.encode() + b"\r\n\r\n")
            await writer.drain()

        return redirect

    server = await town.default(lane)
    for number, host in enumerate(FORBIDDEN):
        town.web.pages[f"/go{number}"] = leading(f"http://{host}:{town.canary.port}/secret")
        start = f"http://{town.host}/go{number}".replace(".open.", ".public.")
        code, words = await server.refusal(start)
        assert code in BLOCKED, host
        assert f"Redirect 1 of `{start}`" in words
    assert set(server.process.dialled) == {PUBLIC}


async def test_one_bad_address_refuses_the_name(town: Any, lane: str) -> None:
    """WF3."""
    server = await town.default(lane)
    for label, code in (("mixed", "blocked_address"), ("scoped", "blocked_address"), ("many", "dns"), ("none", "dns")):
        refused = await server.refusal(f"http://a.{label}.test:{town.canary.port}/")
        assert refused[0] == code, label
        assert "127.0.0.1" not in refused[1]
        assert PUBLIC not in refused[1]
    assert server.process.dialled == []


async def test_a_name_is_looked_up_once_for_each_request(town: Any, lane: str) -> None:
    """WF4: rebinding. The page may be asked at the judged address only; what a second lookup says changes nothing."""
    town.web.page("/", "<p>public</p>")
    server = await town.default(lane)
    host = f"{town.host.split('.')[0]}-{lane[0]}{lane[-1]}.rebinding.test"
    page = await server.fetch(f"http://{host}:{town.canary.port}/")
    assert page["content"] == "public"
    assert server.process.dialled == [PUBLIC, PUBLIC]
    assert (await server.refusal(f"http://{host}:{town.canary.port}/again"))[0] == "blocked_address"
    assert server.process.dialled == []


async def test_cloud_metadata_stays_refused(town: Any, lane: str) -> None:
    """WF5: whatever else is lifted, and however wide."""
    server = await wide(town, lane)
    for host in METADATA:
        assert (await server.refusal(f"http://{host}/latest/"))[0] == "blocked_address", host
    assert (await server.refusal("http://metadata.google.internal/"))[0] == "blocked_host"
    assert server.process.dialled == []


async def test_schemes_and_urls_that_are_none(town: Any, lane: str) -> None:
    """WF6: each with a true sentence."""
    schemes = ("file:///etc/passwd", "ftp://h/", "gopher://h/", "data:text/html,x", "javascript:alert(1)", "FILE:///x")
    wrong = {
        "example.com/x": "no scheme",
        "http://u:p@h/": "user name",
        f"http://good\\@127.0.0.1:{town.canary.port}/": "backslash",
        "http://h /": "space",
        "http:/h": "two slashes",
        "http://": "no host",
        "http://h:0/": "port",
        "http://[::1": "IPv6",
        "http://h\n.test/": "control",
        "http://%31%32%37.0.0.1/": "not a valid name",
        "http://1.2.3.4.5/": "IPv4",
    }
    server = await town.default(lane)
    for url in schemes:
        code, words = await server.refusal(url)
        assert (code, url.partition(":")[0].lower() in words) == ("blocked_scheme", True), url
    for url, reason in wrong.items():
        code, words = await server.refusal(url)
        assert (code, reason in words) == ("invalid_argument", True), words
    assert server.process.dialled == []


async def test_ports_and_circles(town: Any, lane: str) -> None:
    """WF7."""
    for number in range(7):
        town.web.redirect(f"/{number}", f"/{number + 1}")
    town.web.redirect("/round", "/about")
    town.web.redirect("/about", "round")
    assert (await (await town.default(lane)).refusal("http://a.public.test:22/"))[0] == "blocked_port"
    server = await wide(town, lane)
    code, chain = await server.refusal(town.url("/0"))
    assert code == "too_many_redirects"
    assert " -> ".join(town.url(f"/{number}") for number in range(7)) in chain
    code, circle = await server.refusal(town.url("/round"))
    assert (code, "circle" in circle) == ("too_many_redirects", True)
    town.web.page("/5", "<p>the end</p>")
    five = await server.fetch(town.url("/0"))
    assert [hop["status"] for hop in five["redirects"]] == [302] * 5
    assert (five["content"], five["final_url"]) == ("the end", town.url("/5"))


async def test_the_operator_s_proxy_is_used_and_those_of_the_environment_are_not(town: Any, lane: str) -> None:
    """WF8: every process here has the canary for its proxy in the environment."""
    town.web.page("/", "<p>direct</p>")
    assert (await (await wide(town, lane)).fetch(town.url("/")))["content"] == "direct"
    name = town.host.replace(".open.", ".public.")
    town.web.page(f"http://{PUBLIC}:80/x", "relayed", "text/plain")
    proxy = ("--proxy-url", f"http://127.0.0.1:{town.web.port}", "--ignore-robots-txt")
    server = await town.server(lane, "--allow-port", f"80,{town.canary.port}", *proxy)
    assert (await server.fetch(f"http://{name}/x"))["content"] == "relayed"
    assert town.web.hits[-1].headers["host"] == name
    assert (await server.refusal(f"http://127.0.0.1:{town.canary.port}/"))[0] == "blocked_address"
