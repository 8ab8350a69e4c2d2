"""Attacks on where bytes go: addresses in every spelling, names that lie, redirects, schemes, ports, proxies."""

from typing import Any

import pytest

from mcp_protocol.testing import connect
from mcp_ref_fetch.choices import AllowedPort
from mcp_ref_fetch.server import fetch_server
from mcp_ref_fetch.settings import Settings
from mcp_ref_kit.network import HostPattern

Web = Any
Reads = Any
Serve = Any

PUBLIC = "93.184.215.14"
each_era = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])


async def test_cve_2026_49857_hexadecimal_mapped_form(canary: Web, reads: Reads) -> None:
    """WF32, CVE-2026-49857: `::ffff:7f00:1` passed a check on text that knew `::ffff:127.0.0.1`."""
    async with reads(default=True) as reading:
        assert (await reading.refusal(f"http://[::ffff:7f00:1]:{canary.port}/"))[0] == "blocked_address"


async def test_the_real_resolver_is_no_way_round(canary: Web) -> None:
    """WF1 with the machine's own resolver and connector."""
    async with connect(fetch_server(), Settings(allow_port=[AllowedPort(0)])) as client:
        for host in ("localhost", "127.0.0.1", "0x7f.1", "ip6-localhost"):
            found = await client.call("fetch", url=f"http://{host}:{canary.port}/")
            assert found.error_code in {"blocked_address", "blocked_host", "dns"}


async def test_a_peer_that_is_another_than_was_dialled_gets_no_request(web: Web, reads: Reads) -> None:
    """A socket that ends elsewhere, as behind a transparent redirect of the system."""
    async with reads(default=True) as reading:
        reading.names.add("elsewhere.test", [PUBLIC])
        reading.dialler.masked = False
        code, _ = await reading.refusal("http://elsewhere.test/")
    assert code == "blocked_address"
    assert web.hits == []


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
