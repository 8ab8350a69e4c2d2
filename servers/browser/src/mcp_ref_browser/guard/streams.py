"""Both ends of a connection as streams: seen when the browser goes, heard to the end what a server has said."""

import asyncio
import os
import socket
import struct
from contextlib import suppress

from mcp_ref_browser.guard.heads import MOST_BYTES
from mcp_ref_kit.network.guard import Stream

_PIECE = 64 * 1024
# SO_LINGER on, for no time: a reset in place of an orderly end.
_AT_ONCE = struct.pack("ii", 1, 0)


class BrowserReader(asyncio.StreamReader):
    """What the browser sends; `ended` is set when it has gone, also while nobody reads."""

    def __init__(self) -> None:
        super().__init__(limit=MOST_BYTES, loop=asyncio.get_running_loop())
        self.ended = asyncio.Event()

    def feed_eof(self) -> None:
        """The browser has closed its side."""
        super().feed_eof()
        self.ended.set()

    def set_exception(self, exc: Exception) -> None:
        """The connection broke."""
        super().set_exception(exc)
        self.ended.set()


class ServerReader(asyncio.StreamReader):
    """What a server sends. A connection that breaks ends it; what came before that is still there to be read."""

    def __init__(self) -> None:
        super().__init__(limit=MOST_BYTES, loop=asyncio.get_running_loop())
        self.broken = False
        """Whether the end was no orderly one."""

    def set_exception(self, exc: Exception) -> None:
        """The connection broke."""
        del exc
        self.broken = True
        self.feed_eof()


class ServerProtocol(asyncio.StreamReaderProtocol):
    """A server that answers before it was told everything closes, and the next write fails.

    The event loop then drops what the socket has received but not been asked for: the answer. Here it is read first.
    """

    def __init__(self, reader: ServerReader) -> None:
        super().__init__(reader, loop=asyncio.get_running_loop())
        self._heard = reader
        self._transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember whose socket it is."""
        self._transport = transport
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """The transport has given up, but its socket is still open."""
        if exc is not None and self._transport is not None:
            with suppress(OSError):
                for data in _received(self._transport.get_extra_info("socket").fileno()):
                    self._heard.feed_data(data)
        self._transport = None
        super().connection_lost(exc)


async def connected(address: str, port: int) -> Stream:
    """A connection to a server, as `asyncio.open_connection` makes one."""
    reader = ServerReader()
    protocol = ServerProtocol(reader)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_connection(lambda: protocol, address, port)
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection so that whoever reads it cannot take what came for the whole."""
    with suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    writer.transport.abort()


def _received(descriptor: int) -> list[bytes]:
    """What a socket holds, without waiting for more."""
    found: list[bytes] = []
    with socket.socket(fileno=os.dup(descriptor)) as same, suppress(OSError):
        same.settimeout(0)
        while len(found) * _PIECE < MOST_BYTES and (data := same.recv(_PIECE)):
            found.append(data)
    return found
