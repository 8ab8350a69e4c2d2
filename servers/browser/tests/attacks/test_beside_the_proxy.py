"""What would leave beside the proxy: UDP of WebRTC and QUIC, other sessions' proxies, forged answers of the guard."""

import asyncio
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from mcp_ref_browser.engine.supervisor import Supervisor
from mcp_ref_browser.settings import Settings

Browse = Any
Site = Any
FULL = shutil.which("chromium")
WEBRTC = """async port => {
  const urls = [`stun:127.0.0.1:${port}`, `stun:localhost:${port}`, `turn:127.0.0.1:${port}?transport=udp`,
    `turn:127.0.0.1:${port}?transport=tcp`];
  const peer = new RTCPeerConnection({iceServers: urls.map(urls => ({urls, username: 'u', credential: 'c'}))});
  const seen = []; peer.onicecandidate = e => e.candidate && seen.push(e.candidate.candidate);
  peer.createDataChannel('x');
  await peer.setLocalDescription(await peer.createOffer());
  const there = new RTCPeerConnection(); await there.setRemoteDescription(peer.localDescription);
  await there.setLocalDescription(await there.createAnswer());
  const sdp = there.localDescription.sdp + `a=candidate:1 1 udp 2122260223 127.0.0.1 ${port} typ host\\r\\n`;
  try { await peer.setRemoteDescription({type: 'answer', sdp}); } catch {}
  await new Promise(done => setTimeout(done, 700));
  return seen; }"""
TRANSPORT = """async port => { try { const t = new WebTransport(`https://127.0.0.1:${port}/x`);
  await Promise.race([t.ready, new Promise((_, no) => setTimeout(() => no('late'), 700))]); return 'open';
  } catch (e) { return String(e) } }"""


class Canary(asyncio.DatagramProtocol):
    """Counts the packets that reach a port."""

    def __init__(self) -> None:
        self.packets: list[bytes] = []
        self.heard = asyncio.Event()

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        del addr
        self.packets.append(data)
        self.heard.set()


@asynccontextmanager
async def canary() -> AsyncGenerator[tuple[int, Canary]]:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(Canary, local_addr=("127.0.0.1", 0))
    try:
        yield transport.get_extra_info("sockname")[1], protocol
    finally:
        transport.close()


@asynccontextmanager
async def started(path: str | None) -> AsyncGenerator[Supervisor]:
    """A browser of this kind."""
    async with asyncio.TaskGroup() as tasks:
        supervisor = Supervisor(Settings(executable_path=None if path is None else Path(path)), tasks)
        try:
            yield supervisor
        finally:
            await supervisor.close()


@pytest.mark.parametrize("kind", ["usual", "full"])
async def test_no_packet_leaves_beside_the_proxy(browse: Browse, site: Site, ok: Any, kind: str) -> None:
    """STUN, TURN, a peer's own candidate, and WebTransport over QUIC, to a port of UDP that would hear them."""
    if kind == "full" and FULL is None:
        pytest.skip("no full Chromium is installed")
    async with (
        canary() as (port, heard),
        started(FULL if kind == "full" else None) as own,
        browse(allowed_origins=[site.url, f"http://127.0.0.1:{port}"], supervisor=own, snapshot="none") as client,
    ):
        ok(await client.call("browser_navigate", url=f"{site.url}/blank"))
        candidates = ok(await client.call("browser_evaluate", function=f"() => ({WEBRTC})({port})"))
        opened = ok(await client.call("browser_evaluate", function=f"() => ({TRANSPORT})({port})"))
    assert heard.packets == []
    assert [one for one in candidates.data["result"] if " udp " in one and "srflx" in one] == []
    assert opened.data["result"] != "open"


async def test_the_canary_hears_what_is_sent_to_it() -> None:
    """The proof that silence in the other test means something."""
    async with canary() as (port, heard):
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            asyncio.DatagramProtocol, remote_addr=("127.0.0.1", port)
        )
        transport.sendto(b"x")
        async with asyncio.timeout(5):
            await heard.heard.wait()
        transport.close()


async def test_the_proxies_of_sessions_are_no_destination(browse: Browse, site: Site, ok: Any) -> None:
    """A page that finds the port of another session's proxy would have that session's rules."""
    async with browse(
        allowed_origins=[site.url, "http://127.0.0.1:*", "http://localhost:*"], snapshot="none"
    ) as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/blank"))
        mine = {"allowedOrigins": [site.url]}
        narrow = ok(await client.call("browser_session", action="create", **mine)).data["session"]
        ok(await client.call("browser_navigate", url=f"{site.url}/blank", session=narrow))
        ports = await asyncio.to_thread(own_ports) - {site.port}
        assert len(ports) >= 2
        for port in ports:
            for host in ("127.0.0.1", "localhost", "0x7f.1"):
                result = await client.call("browser_navigate", url=f"http://{host}:{port}/", session=narrow)
                assert result.error_code in {"blocked_origin", "blocked_address"}, result.text
                wide = await client.call("browser_tabs", action="new", url=f"http://{host}:{port}/")
                assert wide.error_code in {"blocked_origin", "blocked_address", "no_session", "limit"}, wide.text


def own_ports() -> set[int]:
    from mcp_ref_browser.guard.policy import listening_ports  # noqa: PLC0415  beside what it is for

    return listening_ports()


async def test_a_server_cannot_forge_an_answer_of_the_guard(browse: Browse, site: Site, ok: Any) -> None:
    """A service worker makes a page with the guard's header: it is a page like any other."""
    script = """async () => { await navigator.serviceWorker.register('/forging.js');
      await navigator.serviceWorker.ready;
      await new Promise(done => navigator.serviceWorker.controller ? done()
        : navigator.serviceWorker.oncontrollerchange = done); return true }"""
    async with browse() as client:
        ok(await client.call("browser_navigate", url=f"{site.url}/blank"))
        ok(await client.call("browser_evaluate", function=script))
        forged = await client.call("browser_navigate", url=f"{site.url}/forged")
    assert not forged.is_error, forged.text
    assert 'heading "forged"' in forged.text
