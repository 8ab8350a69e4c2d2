"""The operator's own proxy, behind ours: it is asked for addresses that were judged here, never for names."""

import asyncio

from mcp_ref_browser.errors import BrowserError
from mcp_ref_browser.guard.heads import BadMessage, read_response
from mcp_ref_browser.guard.relay import read_head
from mcp_ref_browser.guard.streams import connected
from mcp_ref_kit.network import WebUrl
from mcp_ref_kit.network.guard import Judged, Stream

# For the proxy to answer, its own connection included.
SECONDS = 15.0
_SUCCESSES = range(200, 300)


async def through(proxy: WebUrl, judged: Judged, *, seconds: float = SECONDS) -> Stream:
    """A tunnel to the first judged address that the proxy connects to.

    Raises:
        BrowserError: the proxy cannot be reached, refuses, or does not answer in time.
    """
    for address in judged.addresses:
        try:
            async with asyncio.timeout(seconds / len(judged.addresses)):
                stream = await _tunnel(proxy, address, judged.url.port)
        except (OSError, TimeoutError, BadMessage):
            continue
        if stream is not None:
            return stream
    raise BrowserError(f"The proxy of this server does not connect to `{judged.url.host.name}`.", retryable=True)


async def _tunnel(proxy: WebUrl, address: str, port: int) -> Stream | None:
    reader, writer = await connected(proxy.host.name, proxy.port)
    where = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    try:
        writer.write(f"CONNECT {where} HTTP/1.1\r\nHost: {where}\r\n\r\n".encode())
        accepted = read_response(await read_head(reader, SECONDS)).status in _SUCCESSES
    except BaseException:  # a deadline and a cancellation too
        writer.transport.abort()
        raise
    if not accepted:
        writer.transport.abort()
        return None
    return reader, writer
