"""The one door to the network: a URL is judged, its name looked up once, and only a judged address is dialled."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from msgspec import Struct

from mcp_ref_kit.network.addresses import packed, written
from mcp_ref_kit.network.faults import BlockedAddress, ConnectTimeout, Unreachable, Unresolvable
from mcp_ref_kit.network.resolving import Resolver, SystemResolver
from mcp_ref_kit.network.rules import AddressPolicy
from mcp_ref_kit.network.urls import WebUrl

# More than any honest name has; each of them is judged.
MOST_ADDRESSES = 64

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connector = Callable[[str, int], Awaitable[Stream]]
"""Opens a connection to an address (never a name) and port."""


class Waits(Struct, frozen=True):
    """How long a lookup and a connection may take."""

    resolve: float = 5
    connect: float = 5


class Judged(Struct, frozen=True):
    """A URL that may be asked, at these addresses and no others."""

    url: WebUrl
    addresses: tuple[str, ...]


class AddressGuard:
    """Judges URLs by a policy, and connects to what it judged.

    The resolver, the connector and the clock are arguments, so that a test can stand in for the internet; nothing in
    the environment reaches them.
    """

    def __init__(
        self,
        policy: AddressPolicy,
        *,
        resolver: Resolver | None = None,
        connector: Connector | None = None,
        clock: Callable[[], float] = time.monotonic,
        waits: Waits = Waits(),  # noqa: B008  immutable
    ) -> None:
        self.policy = policy
        self._resolver = resolver or SystemResolver()
        self._connector: Connector = connector or asyncio.open_connection
        self._clock = clock
        self._waits = waits

    async def judge(self, url: WebUrl) -> Judged:
        """Judge name, port and every address; the name is looked up here, and not again.

        Raises:
            NetworkFault: it may not be asked, or its name has no address.
        """
        self.policy.check_name(url)
        if url.host.address is not None:
            found: list[bytes | None] = [url.host.address]
        else:
            found = [packed(text) for text in await self._look_up(url)]
        for address in found:
            self.policy.check_address(url, address)
        return Judged(url, tuple(dict.fromkeys(written(address) for address in found if address is not None)))

    async def connect(self, judged: Judged, *, within: float | None = None) -> Stream:
        """Connect to one of the judged addresses, in turn; each has its share of the time.

        Raises:
            Unreachable, ConnectTimeout: none of them accepts a connection, or not in time.
            BlockedAddress: the peer is not who was dialled.
        """
        deadline = self._clock() + min(self._waits.connect, within or self._waits.connect)
        late = False
        for index, address in enumerate(judged.addresses):
            share = (deadline - self._clock()) / (len(judged.addresses) - index)
            if share <= 0:
                break
            try:
                async with asyncio.timeout(share):
                    stream = await self._connector(address, judged.url.port)
            except TimeoutError:
                late = True
            except OSError:
                continue
            else:
                return _checked(stream, judged, address)
        if late:
            raise ConnectTimeout(f"`{judged.url.host.name}` did not accept a connection in time.")
        raise Unreachable(f"`{judged.url.host.name}` does not accept connections on port {judged.url.port}.")

    async def open(self, url: WebUrl) -> Stream:
        """Judge and connect at once."""
        return await self.connect(await self.judge(url))

    async def _look_up(self, url: WebUrl) -> list[str]:
        name = url.host.name
        try:
            async with asyncio.timeout(self._waits.resolve):
                found = await self._resolver.resolve(name)
        except TimeoutError:
            raise Unresolvable(f"The name `{name}` could not be looked up in time.") from None
        except OSError:
            raise Unresolvable(f"The name `{name}` has no address.") from None
        if not found:
            raise Unresolvable(f"The name `{name}` has no address.")
        if len(found) > MOST_ADDRESSES:
            raise Unresolvable(f"The name `{name}` has more than {MOST_ADDRESSES} addresses.")
        return found


def _checked(stream: Stream, judged: Judged, dialled: str) -> Stream:
    """The stream, if the socket says that its other end is the address that was judged."""
    _, writer = stream
    peer = writer.get_extra_info("peername")
    if not peer or packed(str(peer[0])) != packed(dialled):
        writer.transport.abort()
        raise BlockedAddress(f"`{judged.url.host.name}` answered from another address than was asked.")
    return stream
