"""The operator's own proxy behind ours: it is asked for judged addresses only, and may refuse, lie or hang."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from mcp_protocol.errors import ToolError
from mcp_ref_browser.guard.chaining import through
from mcp_ref_browser.guard.origins import Destination, OriginRules
from mcp_ref_browser.guard.policy import Addresses, SessionPolicy
from mcp_ref_kit.network import WebUrl
from mcp_ref_kit.network.guard import Judged

Browse = Any
Site = Any


class Company:
    """A small proxy that tunnels to wherever it is asked, all in truth to this machine, and remembers what it was."""

    def __init__(self, answer: bytes | None = b"HTTP/1.1 200 Fine\r\n\r\n") -> None:
        self.asked: list[str] = []
        self.port = 0
        self._answer = answer

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            where = head.split(b" ")[1].decode()
            self.asked.append(where)
            writer.write(self._answer or b"")
            if self._answer is None:
                await reader.read()
            elif self._answer.startswith(b"HTTP/1.1 200"):
                there, back = await asyncio.open_connection("127.0.0.1", int(where.rpartition(":")[2]))
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._copied(reader, back))
                    group.create_task(self._copied(there, writer))
        writer.close()

    async def _copied(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
        writer.close()


@asynccontextmanager
async def company(*answer: bytes | None) -> AsyncGenerator[Company]:
    made = Company(*answer)
    listener = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = listener.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        listener.close()


class Public:
    """Every name is at one public address, and at one more."""

    async def resolve(self, host: str) -> list[str]:
        if host == "inside.example":
            return ["93.184.216.34", "10.0.0.1"]
        return ["93.184.216.34", "93.184.216.35"]


async def judged(url: str) -> Judged:
    policy = SessionPolicy(OriginRules(), Addresses(resolver=Public()), own_ports=set)
    return await policy.judge(Destination.of(WebUrl.parse(url)))


async def test_pages_come_through_the_operators_proxy_and_the_guard_judges_first(
    browse: Browse, site: Site, other: Site, ok: Any
) -> None:
    """End to end: requests and a WebSocket's tunnel go by address, what is refused never gets as far."""
    socket = (
        f"() => new Promise(done => {{ const s = new WebSocket('ws://127.0.0.1:{site.port}/'); s.onerror = done }})"
    )
    async with company() as proxy:
        url = f"http://127.0.0.1:{proxy.port}"
        async with browse(proxy_server=url, snapshot="none") as client:
            page = ok(await client.call("browser_navigate", url=f"{site.url}/form"))
            ok(await client.call("browser_evaluate", function=socket))
            refused = await client.call("browser_navigate", url=f"{other.url}/form")
        async with browse(proxy_server=url, allowed_origins=[], resolver=Public()) as client:
            named = ok(await client.call("browser_navigate", url=f"http://shop.example:{site.port}/blank"))
            inside = await client.call("browser_navigate", url=f"http://inside.example:{site.port}/blank")
    assert page.data["page"]["title"] == "Form"
    assert named.data["page"]["title"] == "Blank"
    assert (refused.error_code, inside.error_code) == ("blocked_origin", "blocked_address")
    assert set(proxy.asked) == {f"127.0.0.1:{site.port}", f"93.184.216.34:{site.port}"}
    assert other.connections == 0


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 502 No\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"half",
    ],
    ids=["407", "502", "nonsense", "cut off"],
)
async def test_a_proxy_that_refuses_is_asked_for_each_address_and_is_told(answer: bytes) -> None:
    async with company(answer) as proxy:
        with pytest.raises(ToolError) as caught:
            await through(WebUrl.parse(f"http://127.0.0.1:{proxy.port}"), await judged("http://a.example:81/"))
    assert proxy.asked == ["93.184.216.34:81", "93.184.216.35:81"]
    assert caught.value.code == "failed"
    assert str(proxy.port) not in caught.value.message


async def test_a_proxy_that_hangs_is_given_up() -> None:
    async with company(None) as proxy, asyncio.timeout(5):
        with pytest.raises(ToolError):
            await through(
                WebUrl.parse(f"http://127.0.0.1:{proxy.port}"), await judged("http://a.example/"), seconds=0.3
            )
    assert len(proxy.asked) == 2


async def test_a_page_behind_a_proxy_that_is_not_there_cannot_be_reached(browse: Browse, site: Site) -> None:
    async with company() as gone:
        pass
    async with browse(proxy_server=f"http://127.0.0.1:{gone.port}") as client:
        result = await client.call("browser_navigate", url=f"{site.url}/form")
    assert result.error_code == "failed"
    assert "proxy" in result.text
