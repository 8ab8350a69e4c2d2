"""What the client needs from a transport, and what a transport needs from the client."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Protocol, runtime_checkable

from msgspec import Struct, field

from mcp_protocol.jsonrpc import ErrorResponse, Notification, Request, RequestId, Response
from mcp_protocol.limits import MIB, Limits
from mcp_protocol.revisions import Revision

# What a server sends may be larger than what it accepts: whole results, long lists.
RECEIVED = Limits(message=64 * MIB, containers=4_000_000)


class Duplex(Protocol):
    """Two directions of whole messages: a child process, a socket, one end of a pair in memory."""

    async def send(self, message: bytes) -> None:
        """Hand over one message, without a newline; wait while the other side is full.

        Raises:
            ConnectionLost: the other side is gone.
        """
        ...

    async def receive(self) -> bytes | None:
        """The next message; None at the end.

        Raises:
            TransportError: no more can be read.
        """
        ...


@runtime_checkable
class Opener(Protocol):
    """Something that can be connected to in its own way, such as a server in this process."""

    def opened(self) -> AbstractAsyncContextManager[Duplex]:
        """A connection for the length of a block."""
        ...


class Outgoing(Struct, frozen=True, kw_only=True):
    """One encoded request, and what a transport may have to repeat of it outside the body."""

    id: RequestId
    method: str
    data: bytes
    revision: Revision
    name: str | None = None
    """The tool, prompt or URI that it is about."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """`Mcp-Param-*`, with their plain values."""


class Receiver(Protocol):
    """Takes what the server sends of its own accord."""

    def take(self, message: Notification | Request) -> None:
        """Never waits, never raises."""
        ...

    def finish(self, id_: RequestId) -> None:
        """The request has its answer: progress that comes after it is not told."""
        ...


class Link(Protocol):
    """A connection to one server."""

    async def request(self, call: Outgoing) -> Response | ErrorResponse:
        """Send a request and wait for its answer; to cancel the wait is to cancel the request."""
        ...

    async def post(self, message: bytes) -> None:
        """Send a notification, or the answer to a request of the server."""
        ...

    def settle(self, revision: Revision) -> None:
        """What is sent from now on is of this revision."""
        ...

    def listen(self) -> None:
        """Be ready for what the server sends outside of any request (legacy); more than once is no more than once."""
        ...
