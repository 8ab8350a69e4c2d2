"""What the HTTP link needs from whoever authorises its requests."""

from collections.abc import Mapping
from typing import Protocol


class Attempt(Protocol):
    """The authorization of one HTTP request, over all its repetitions."""

    async def headers(self) -> dict[str, str]:
        """The headers that authorise the request as it is sent now; none while there is no token."""
        ...

    async def again(self, status: int, headers: Mapping[str, str]) -> bool:
        """Whether the request is to be sent once more, with new headers, after a response with this head."""
        ...


class Authorizer(Protocol):
    """Authorises the requests to one server."""

    @property
    def generation(self) -> int:
        """Another number for another authorization: what was private to the last one is not to be shown again."""
        ...

    def attempt(self, method: str, url: str) -> Attempt:
        """The authorization of one request."""
        ...
