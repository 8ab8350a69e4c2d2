"""A network of its own, in which every packet is seen. Run below `unshare --net`; prints what was seen as JSON.

There is a way out, a name server that knows every name, and a host at the end of all of them that takes connections:
whatever a browser tries beside its proxy goes as far as it would anywhere else.
"""

import asyncio
import contextlib
import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path += [str(HERE.parent), str(HERE)]

from lanes_of_tests import Reply, Visitor, client_of  # noqa: E402  beside this file
from processes_of_tests import below, command_of  # noqa: E402  beside this file
from site_of_tests import PAGES, ROUTES, Site  # noqa: E402  beside this file

from mcp_protocol.client import Client  # noqa: E402  after those beside this file

# Pages that try to send something past the proxy, by every means that a page of Chromium has; in this order.
CHANNELS = ("hints", "contents", "peers", "sockets", "scripts", "services", "reports", "form")
# What a server may say of where its reports, its parts and its names are.
FIELDS = {
    "Content-Security-Policy-Report-Only": "default-src 'none'; report-uri http://10.9.8.7/csp; report-to far",
    "Reporting-Endpoints": 'far="https://reports.example/", default="https://10.9.8.7/reports"',
    "Report-To": '{"group": "default", "max_age": 999, "endpoints": [{"url": "https://reported.example/"}]}',
    "NEL": '{"report_to": "default", "max_age": 999, "success_fraction": 1.0, "failure_fraction": 1.0}',
    "Link": "<http://linked.example>; rel=preconnect, <//named.example>; rel=dns-prefetch",
    "Alt-Svc": 'h3="10.9.8.7:443"; ma=999, h2="alternative.example:443"',
    "Attribution-Reporting-Register-Source": '{"destination": "https://10.9.8.7", "source_event_id": "1"}',
    "Secure-Session-Registration": '(ES256);path="https://bound.example/";challenge="x"',
    "Expect-CT": 'max-age=999, report-uri="https://ct.example/"',
    "Public-Key-Pins": 'pin-sha256="x"; max-age=999; report-uri="https://pins.example/"',
    "SourceMap": "http://map.example/x",
    "Speculation-Rules": '"http://rules.example/x"',
    "Refresh": "30;url=http://refreshed.example/",
    "X-DNS-Prefetch-Control": "on",
    "Supports-Loading-Mode": "fenced-frame, credentialed-prerender",
}
CANARY = "10.9.8.7"
OUTSIDE = "203.0.113.9"
PORTS = (80, 443, 3478, 5349, 1900, 5353, 8080, 9222)
SETUP = f"""link set lo up
addr add {CANARY}/32 dev lo
link add out type veth peer name in
addr add 198.51.100.2/24 dev out
-6 addr add 2001:db8::2/64 dev out nodad
link set out up
link set in up
neigh add 198.51.100.1 lladdr 02:00:00:00:00:01 dev out nud permanent
route add default via 198.51.100.1
-6 neigh add 2001:db8::1 lladdr 02:00:00:00:00:01 dev out nud permanent
-6 route add default via 2001:db8::1"""
_EVERY = 3
_IP, _IP6 = 0x0800, 0x86DD
_IGMP, _TCP, _UDP, _ICMP6 = 2, 6, 17, 58
# What the kernel itself says on a link: groups that are listened to, solicitations of routers and neighbours.
_KERNEL = {130, 131, 132, 133, 134, 135, 136, 143}

Seen = set[tuple[str, str, int]]


def told_servers() -> list[str]:
    """The name servers that this machine is told to ask."""
    return re.findall(r"^nameserver\s+([0-9.]+)", Path("/etc/resolv.conf").read_text(), re.MULTILINE)


def set_up() -> None:
    names = [f"addr add {server}/32 dev lo" for server in told_servers() if not server.startswith("127.")]
    for line in [*SETUP.split("\n"), *names]:
        subprocess.run(["ip", *line.split()], check=True)


def destination(kind: int, data: bytes) -> tuple[str, str, int] | None:
    """Where a packet wants to go, if it begins something: a connection, or a datagram."""
    if kind == _IP:
        protocol, where, rest = data[9], socket.inet_ntop(socket.AF_INET, data[16:20]), data[(data[0] & 15) * 4 :]
    elif kind == _IP6:
        protocol, where, rest = data[6], socket.inet_ntop(socket.AF_INET6, data[24:40]), data[40:]
        if protocol == 0:  # options of each hop, before a report of groups
            protocol, rest = rest[0], rest[(rest[1] + 1) * 8 :]
    else:
        return None
    if protocol == _TCP:
        return ("tcp", where, int.from_bytes(rest[2:4])) if rest[13] & 0x12 == 2 else None  # a SYN alone
    if protocol == _UDP:
        return ("udp", where, int.from_bytes(rest[2:4]))
    kernels = protocol == _IGMP or (protocol == _ICMP6 and rest[0] in _KERNEL)
    return None if kernels else (f"protocol {protocol}", where, 0)


class Capture:
    """Every packet on every interface."""

    def __init__(self) -> None:
        self.seen: Seen = set()
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_EVERY))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024 * 1024)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            data, address = self._socket.recvfrom(65536)
            where = destination(address[1], data)
            if where is not None:
                self.seen.add(where)


class Names(asyncio.DatagramProtocol):
    """A name server that knows every name; what it was asked is remembered."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        end = data.index(b"\0", 12) + 5
        question = data[12:end]
        self.asked.append(repr(question[1:-5]))
        answers = question[-4:-2] == b"\0\1"
        record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + socket.inet_aton(CANARY) if answers else b""
        count = b"\0\1" if answers else b"\0\0"
        self._transport.sendto(data[:2] + b"\x81\x80\0\1" + count + b"\0\0\0\0" + question + record, addr)


@contextmanager
def canary() -> Generator[list[int]]:
    """A host that accepts connections on the usual ports; which ones it did."""
    taken: list[int] = []

    async def accept(_reader: Any, writer: asyncio.StreamWriter) -> None:
        taken.append(writer.get_extra_info("sockname")[1])
        writer.close()

    loop = asyncio.get_running_loop()
    listening = [loop.create_task(asyncio.start_server(accept, CANARY, port)) for port in PORTS]
    yield taken
    for one in listening:
        one.result().close()


async def visit(client: Client, site: Site, name: str) -> tuple[Any, set[str]]:
    """Open a page of channels and use what is on it; what it said of itself, and what was blocked."""
    made = Reply(await client.call_tool("browser_session", {"action": "create"}))
    own = Visitor(client, made.data["session"])
    await own.call("browser_navigate", url=f"{site.url}/channels/{name}", waitUntil="load", snapshot="none")
    found = await own.call("browser_evaluate", function="() => window.done", timeoutMs=20_000)
    for target in re.findall(r" id=(\w+)", PAGES[f"/channels/{name}"]):
        await own.call("browser_hover", target=f"#{target}", snapshot="none", timeoutMs=500)
        await own.call("browser_click", target=f"#{target}", snapshot="none", timeoutMs=500)
    await own.call("browser_navigate", url=f"{site.url}/blank", snapshot="none")  # what is sent at the end of a page
    await asyncio.sleep(1)  # what a browser does once it has nothing else to do
    await own.call("browser_tabs", action="list")
    blocked = {event["text"].partition(": ")[0] for event in own.told if event["kind"] == "blocked"}
    return found.data["result"] if found.data and "result" in found.data else found.text, blocked


def serve() -> Site:
    """A site that has the pages."""
    files = {name: (HERE / "channels" / f"{name}.html").read_text() for name in CHANNELS}
    PAGES.update({f"/channels/{name}": text for name, text in files.items()})
    service = (HERE / "channels" / "service.js").read_bytes()
    ROUTES["/channels/service.js"] = lambda handler, _: handler.reply(200, service, "text/javascript")
    ROUTES["/channels/reports"] = lambda handler, _: handler.page(files["reports"], **FIELDS)
    return Site(f"http://{CANARY}:8080")


def server_below() -> int:
    """The process of the server."""
    [server] = [pid for pid in below() if "mcp_ref_browser" in command_of(pid)]
    return server


def ports_of(pids: list[int]) -> list[int]:
    """The ports on which processes listen."""
    inodes = {
        link.readlink().name
        for pid in pids
        for link in Path(f"/proc/{pid}/fd").iterdir()
        if link.is_symlink() and str(link.readlink()).startswith("socket:")
    }
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [int(row[1].split(":")[1], 16) for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in inodes]


async def browse(executable: str, site: Site) -> dict[str, Any]:
    flags = ("--allowed-origins", site.url, "--executable-path", executable, "--grant-permissions", "geolocation")
    async with client_of("stdio", "2026-07-28", *flags) as client, asyncio.TaskGroup() as group:
        visits = {name: group.create_task(visit(client, site, name)) for name in CHANNELS}
        await asyncio.wait(visits.values())
        ports = ports_of([server_below()])
    said = {name: one.result()[0] for name, one in visits.items()}
    blocked = sorted(set[str]().union(*(one.result()[1] for one in visits.values())))
    return {"said": said, "proxies": ports, "blocked": blocked}


async def control() -> None:
    """Packets of our own, which must be seen: silence would prove nothing if they were not."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.sendto(b"x", (OUTSIDE, 9))
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(0.2):
            await asyncio.open_connection(OUTSIDE, 9)
    await asyncio.get_running_loop().run_in_executor(None, socket.getaddrinfo, "control.example", 80)


async def main() -> None:
    set_up()
    capture, names = Capture(), Names()
    site = serve()
    loop = asyncio.get_running_loop()
    for server in told_servers():
        await loop.create_datagram_endpoint(lambda: names, local_addr=(server, 53))
    with canary() as taken:
        told = await browse(sys.argv[1], site)
        seen, asked = sorted(capture.seen), list(names.asked)
        await control()
        await asyncio.sleep(0.3)
        heard = sorted(capture.seen - set(map(tuple, seen)))
    sys.stdout.write(
        json.dumps(told | {"seen": seen, "asked": asked, "taken": taken, "site": site.port, "control": heard})
    )


if __name__ == "__main__":
    asyncio.run(main())
