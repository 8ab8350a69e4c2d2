"""Where the messages of one call go: captured with the request, never looked up by id."""

from typing import Any, Protocol

from msgspec import Raw


class Channel(Protocol):
    """The stream of one request, as a transport gives it."""

    async def send(self, message: bytes) -> None:
        """Send one encoded notification; waits while the stream is full.

        Raises:
            ConnectionLost: the caller is gone.
        """
        ...

    async def release(self) -> None:
        """Let the connection go where the client can come back for the rest (2025-11-25 HTTP); elsewhere nothing."""
        ...

    async def ask(self, method: str, params: Any) -> Raw:
        """Send a live request to the client and wait for its result (legacy revisions only).

        Raises:
            ConnectionLost: the caller is gone.
            RemoteError: the client answered with an error.
        """
        ...
