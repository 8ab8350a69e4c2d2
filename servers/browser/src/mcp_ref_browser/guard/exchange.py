"""One request and its answer. The answer is listened for from the first byte of the request on.

Servers may answer before they have been told everything, to refuse a body that is too large, and close.
"""

import asyncio
from contextlib import suppress

from msgspec import Struct

from mcp_ref_browser.guard.heads import (
    BadMessage,
    Framing,
    RequestHead,
    ResponseHead,
    onward,
    read_response,
    response_framing,
    written,
)
from mcp_ref_browser.guard.relay import Listener, copy_body, read_head, send, sending
from mcp_ref_browser.guard.streams import ServerReader, reset
from mcp_ref_kit.network import WebUrl
from mcp_ref_kit.network.guard import Stream

# For a server to begin its answer once it has been told everything.
HEAD_SECONDS = 300.0
# For a browser to say the rest of what nobody listens to any more.
REST_SECONDS = 30.0
# 100 and 103 are sent once each by honest servers.
MOST_INTERIM = 16
_SUCCESS = 200
_SWITCHING = 101


class Asking(Struct, frozen=True):
    """What a server is asked, and where the body of it ends."""

    method: bytes
    head: bytes
    framing: Framing

    @classmethod
    def of(cls, request: RequestHead, url: WebUrl, framing: Framing) -> "Asking":
        """The request as it goes on."""
        fields = onward(request.fields, lambda name: name != b"host")
        line = b"%b %b HTTP/1.1" % (request.method, url.target.encode("ascii"))
        return cls(request.method, written(line, [(b"Host", url.authority.encode()), *fields]), framing)


class Ends(Struct, frozen=True):
    """Which of the two connections can carry another exchange."""

    browser: bool
    server: bool


BROKEN = Ends(browser=False, server=False)


class Exchange:
    """One request of a browser to a server, and back."""

    def __init__(self, asking: Asking, browser: Stream, server: Stream) -> None:
        self._asking = asking
        self._browser = browser
        self._server = server
        self._listener = Listener(server[1])

    async def run(self) -> Ends | None:
        """Ask and answer; None if the server closed without a word."""
        if self._asking.framing.length == 0:  # most requests: a task costs as much as all the rest of them
            said = asyncio.get_running_loop().create_future()
            said.set_result(await self._asked())
            return await self._ends(said)
        async with asyncio.TaskGroup() as group:
            asking = group.create_task(self._asked())
            ends = await self._ends(asking)
            asking.cancel()
        return ends

    async def _ends(self, asking: "asyncio.Future[bool]") -> Ends | None:
        with suppress(OSError, BadMessage):  # an exception would come out of the group as several
            response = await self._heard(asking)
            return None if response is None else await self._answered(response, asking)
        return BROKEN

    async def _asked(self) -> bool:
        """Ask; whether the browser has said all, whatever the server took of it."""
        try:
            await self._listener.put(self._asking.head)
            await copy_body(self._asking.framing, self._browser[0], self._listener.put)
        except (OSError, BadMessage):
            return False
        return True

    async def _heard(self, asking: "asyncio.Future[bool]") -> ResponseHead | None:
        """The head of the final answer; the time for it begins when all has been said."""
        if asking.done():
            async with asyncio.timeout(HEAD_SECONDS if asking.result() else 0):
                return await final(self._server[0])
        heard = False
        async with asyncio.timeout(None) as deadline:

            def begin(asked: "asyncio.Future[bool]") -> None:
                if not heard:  # it may be called when that is over
                    seconds = HEAD_SECONDS if asked.result() else 0
                    deadline.reschedule(asyncio.get_running_loop().time() + seconds)

            asking.add_done_callback(begin)
            try:
                return await final(self._server[0])
            finally:
                heard = True
                asking.remove_done_callback(begin)

    async def _answered(self, response: ResponseHead, asking: "asyncio.Future[bool]") -> Ends:
        """Pass an answer back."""
        reader, writer = self._server[0], self._browser[1]
        framing = response_framing(response, self._asking.method)
        fields = onward(response.fields)
        if framing.until_close:
            fields.append((b"Connection", b"close"))
        await send(writer, written(response.line, fields))
        if framing.length != 0:
            await copy_body(framing, reader, sending(writer))
        if framing.until_close and isinstance(reader, ServerReader) and reader.broken:
            reset(writer)
        closes = framing.until_close or _wants_close(response) or not asking.done()
        whole = await self._finished(asking)
        return Ends(browser=whole and not framing.until_close, server=not closes)

    async def _finished(self, asking: "asyncio.Future[bool]") -> bool:
        """Let the browser say the rest, which is nobody's business any more; whether it did."""
        if not asking.done():
            self._listener.leave()
            await asyncio.wait([asking], timeout=REST_SECONDS)
        return asking.done() and asking.result()


async def final(reader: asyncio.StreamReader) -> ResponseHead | None:
    """The answer after the interim ones, which browsers can do without."""
    for _ in range(MOST_INTERIM):
        head = await read_head(reader)
        if not head:
            return None
        response = read_response(head)
        if response.status == _SWITCHING:
            raise BadMessage("nobody asked for another protocol")
        if response.status >= _SUCCESS:
            return response
    raise BadMessage("nothing but interim answers")


def _wants_close(response: ResponseHead) -> bool:
    return any(key.lower() == b"connection" and b"close" in value.lower() for key, value in response.fields)
