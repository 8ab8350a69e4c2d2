"""Runs an ASGI application on a socket of ours until it is told to stop, then lets what runs finish.

Imports uvicorn: only who serves HTTP imports this module.
"""

import asyncio
import signal
import socket
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from ipaddress import ip_address
from typing import Any, cast

import uvicorn
from msgspec import Struct
from msgspec.structs import replace

from mcp_protocol.errors import SettingsError
from mcp_protocol.limits import KIB
from mcp_protocol.server.app import App
from mcp_protocol.transports.http.app import HttpApp, HttpOptions
from mcp_protocol.transports.http.asgi import Application
from mcp_protocol.transports.http.bounds import Bounds
from mcp_protocol.transports.http.protocol import BoundedProtocol

_BACKLOG = 2048
_DATE_SECONDS = 1  # uvicorn renews its Date header in this step
_GRACE_SECONDS = 2  # after the application has let go of its requests, for the last bytes


# A client that vanished is noticed within 60 s: unanswered data after 30, silence after 30 + 3 x 10.
_DEAD_PEER = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 30_000}


class Listen(Struct, frozen=True, kw_only=True):
    """Where the operator wants a server to listen; port 0 is any free one."""

    host: str = "127.0.0.1"
    port: int = 8000
    allow_unauthenticated: bool = False
    """Serve whoever reaches an address that is not loopback."""


class Address(Struct, frozen=True):
    """Where a server listens."""

    host: str
    port: int

    @property
    def authority(self) -> str:
        """`host:port`, as a Host header has it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return ip_address(self.host.partition("%")[0]).is_loopback


async def serve(
    app: App,
    options: HttpOptions,
    listen: Listen,
    *,
    announce: Callable[[str], None],
    stop: asyncio.Event | None = None,
) -> None:
    """Serve a running server at `listen` until `stop`, or a signal as `run` has it; `announce` gets the real URL.

    Without `hosts` and `origins` in `options`, those of the bound address are served.

    Raises:
        SettingsError: the address cannot be used, or strangers could reach it and nobody would ask who they are.
    """
    sock = bind(listen, guarded=options.authenticate is not None)
    address = address_of(sock)
    http = HttpApp(app, options_at(address, options))
    bounds = Bounds(raw=2 * app.limits.message + 64 * KIB, stalled_seconds=app.limits.stalled_seconds)
    url = f"http://{address.authority}{options.path}"
    await run(http, sock, bounds=bounds, started=partial(announce, url), stop=stop, drain=http.drain)


def bind(listen: Listen, *, guarded: bool) -> socket.socket:
    """A listening socket; port 0 takes a free one.

    Raises:
        SettingsError: the address cannot be used, or it is reachable from outside and not guarded.
    """
    try:
        found = socket.getaddrinfo(listen.host, listen.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, (host, port, *_) = found[0]
        if not (guarded or listen.allow_unauthenticated or Address(str(host), int(port)).is_loopback):
            raise SettingsError(f"{listen.host} can be reached by others: set up authentication, or use 127.0.0.1.")
        sock = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not a host name"
        raise SettingsError(f"Cannot listen on {listen.host} port {listen.port}: {why}.") from error
    _notice_dead_peers(sock)
    return sock


def _notice_dead_peers(sock: socket.socket) -> None:
    """Let connections die whose peer is gone without a word; accepted sockets inherit this where it exists."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _DEAD_PEER.items():
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def address_of(sock: socket.socket) -> Address:
    """Where a socket listens."""
    host, port, *_ = sock.getsockname()
    return Address(host, port)


def options_at(address: Address, options: HttpOptions) -> HttpOptions:
    """The options, with the hosts and origins of this address where none are given."""
    names = ("127.0.0.1", "localhost", "[::1]") if address.is_loopback else ()
    hosts = options.hosts or frozenset({address.authority, *(f"{name}:{address.port}" for name in names)})
    origins = options.origins or frozenset(f"http://{host}" for host in hosts)
    return replace(options, hosts=hosts, origins=origins)


async def run(
    app: Application,
    sock: socket.socket,
    *,
    bounds: Bounds,
    started: Callable[[], None],
    stop: asyncio.Event | None = None,
    drain: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Serve `app` on `sock` until `stop`; `drain` then ends what would run for ever.

    Without `stop`, SIGTERM and SIGINT are caught: the first is an orderly end, the second ends the process at once.
    """
    config = uvicorn.Config(
        cast("Any", app),
        http=cast("Any", partial(BoundedProtocol, bounds=bounds)),
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=bounds.idle_seconds,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        backlog=_BACKLOG,
        workers=1,
    )
    with nullcontext(stop) if stop is not None else _signals() as stopped:
        await _Server(config, started, stopped, drain).serve([sock])


class _Server(uvicorn.Server):
    """uvicorn's server, told to stop by an event instead of signals of its own."""

    def __init__(
        self,
        config: uvicorn.Config,
        started: Callable[[], None],
        stop: asyncio.Event,
        drain: Callable[[], Awaitable[None]] | None,
    ) -> None:
        super().__init__(config)
        self._on_started = started
        self._stop = stop
        self._drain = drain

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Nothing: uvicorn would raise a caught signal again, and the exit code must be 0."""
        yield

    async def main_loop(self) -> None:
        """Wait for the end, keeping the Date header right."""
        self._on_started()
        while not self._stop.is_set():
            await self.on_tick(0)
            with suppress(TimeoutError):
                async with asyncio.timeout(_DATE_SECONDS):
                    await self._stop.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept nothing more, let the application finish, then close."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if self._drain is not None:
            await self._drain()
        await super().shutdown(sockets)


@contextmanager
def _signals() -> Generator[asyncio.Event, None, None]:
    """An event set by the first SIGTERM or SIGINT; the next one is left to the system's default."""
    stop = asyncio.Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    ring = partial(_ring, tuple(before), stop, asyncio.get_running_loop())
    for number in before:
        signal.signal(number, ring)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ring(numbers: tuple[int, ...], stop: asyncio.Event, loop: asyncio.AbstractEventLoop, *_: object) -> None:
    for number in numbers:
        signal.signal(number, signal.SIG_DFL)
    loop.call_soon_threadsafe(stop.set)
