"""Connections of the client library, opened our way: bounded parser, own handshake, nothing retried behind our back."""

import asyncio
import importlib
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from mcp_ref_redis.engine.address import Address
from mcp_ref_redis.engine.faults import Lost, is_broken, misread, opening_errors, unreachable, within
from mcp_ref_redis.engine.parser import Ended, Parser
from mcp_ref_redis.engine.resp import pack_all

if TYPE_CHECKING:
    from redis.asyncio.connection import AbstractConnection

Vector = Sequence[bytes]
DRIVER = "redis.asyncio.connection"


class Manner(Struct, frozen=True, kw_only=True):
    """How connections are opened, whatever they lead to."""

    client_name: str
    most_reply_bytes: int
    connect_seconds: float = 5.0


class Link:
    """One open connection; whoever holds it is alone with it."""

    def __init__(self, connection: "AbstractConnection", parser: Parser) -> None:
        self._connection = connection
        self._parser = parser
        writer = connection._writer  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  the library shows it nowhere
        self._transport = None if writer is None else writer.transport
        self.used_at = time.monotonic()

    @property
    def usable(self) -> bool:
        """Whether it may serve another caller: connected, and every reply read."""
        return self._connection.is_connected and self._parser.idle

    async def exchange(self, vectors: Sequence[Vector]) -> list[Any]:
        """Send commands in one write and read a reply for each.

        Whatever interrupts that closes the connection: a reply that was not read would be the next caller's
        (CVE-2023-28858, CVE-2023-28859).

        Raises:
            Lost: the connection broke.
            ToolError: the reply is too large.
        """
        self._parser.renew()
        self.used_at = time.monotonic()
        try:
            await self._write(vectors)
            return await self._parser.replies(len(vectors))
        except BaseException as error:  # a cancellation, too: what is on its way must not be the next caller's
            await self.close()
            self._translate(error)
            raise

    async def send(self, vectors: Sequence[Vector]) -> None:
        """Send commands whose replies are read one by one.

        Raises:
            Lost: the connection broke.
        """
        try:
            await self._write(vectors)
        except Exception as error:  # judged by its class
            self._translate(error)
            raise

    async def receive(self) -> Any:
        """The next reply, or the members of the next pushed frame.

        Raises:
            Lost: the connection broke.
            ToolError: it is too large.
        """
        self._parser.renew()
        try:
            return await self._parser.read_response(push_request=True)
        except Exception as error:  # judged by its class
            self._translate(error)
            raise

    async def frames(self) -> list[Any]:
        """What comes next and what has come with it: a listener takes a flood in portions, not one by one.

        Raises:
            Lost: the connection broke.
            ToolError: one of them is too large.
        """
        try:
            return await self._parser.frames()
        except Exception as error:  # judged by its class
            self._translate(error)
            raise

    async def close(self) -> None:
        """End it at once; safe to repeat. What the engine has not taken yet of a call that was given up is not sent."""
        if self._transport is not None:  # the library closes, which sends all first, however long that takes
            self._transport.abort()
        await self._connection.disconnect(nowait=True)

    async def _write(self, vectors: Sequence[Vector]) -> None:
        if not self._connection.is_connected:  # the library would open another one, and nobody would close that
            raise Ended("the connection is closed")
        await self._connection.send_packed_command([pack_all(vectors)], check_health=False)

    def _translate(self, error: BaseException) -> None:
        """Raise what it means that this has broken an exchange; what is none of the connection's passes."""
        meaning = Lost(unanswered=self._parser.received == 0) if is_broken(error) else misread(error)
        if meaning is not None:
            raise meaning from error


async def open_link(address: Address, manner: Manner) -> Link:
    """Connect, greet, name ourselves.

    Raises:
        ToolError: `connection`; `busy`, the engine says that it is loading or has no room for us.
    """
    await load_driver()
    # The library bounds the connecting alone; what accepts and then says nothing would be waited for as long as a call.
    async with within(manner.connect_seconds):
        return await _greeted(address, manner)


async def _greeted(address: Address, manner: Manner) -> Link:
    parser = Parser(manner.most_reply_bytes)
    with opening_errors():
        connection = _connection(address, manner, parser)
        try:
            await connection.connect()
        except BaseException:  # a cancellation, too: nothing half open is left behind
            await connection.disconnect(nowait=True)
            raise
    parser.greeting = False
    link = Link(connection, parser)
    try:  # a user who may not name himself is served all the same
        await link.exchange([(b"CLIENT", b"SETNAME", manner.client_name.encode())])
    except Lost as error:  # nothing of a call was sent yet
        raise unreachable("the connection broke") from error
    return link


async def load_driver() -> None:
    """Import the client library off the event loop: it takes 200 ms."""
    if DRIVER not in sys.modules:
        await asyncio.to_thread(importlib.import_module, DRIVER)


def _connection(address: Address, manner: Manner, parser: Parser) -> "AbstractConnection":
    from redis.asyncio.connection import (  # noqa: PLC0415  loaded by `load_driver`
        Connection,
        SSLConnection,
        UnixDomainSocketConnection,
    )

    def bounded(socket_read_size: int) -> Parser:
        del socket_read_size
        return parser

    common: dict[str, Any] = {
        "db": address.db,
        "username": address.username,
        "password": None if address.password is None else address.password.reveal(),
        "protocol": address.protocol,
        "parser_class": bounded,
        "socket_timeout": None,  # the deadline of the call is the one that counts
        "socket_connect_timeout": manner.connect_seconds,
        "driver_info": None,
    }
    if address.path is not None:
        return UnixDomainSocketConnection(path=address.path, **common)
    place: dict[str, Any] = {"host": address.host, "port": address.port}
    if address.tls is None:
        return Connection(**place, **common)
    tls = address.tls
    return SSLConnection(
        ssl_ca_certs=tls.ca,
        ssl_certfile=tls.certificate,
        ssl_keyfile=tls.key,
        ssl_cert_reqs=tls.verify,
        **place,
        **common,
    )
