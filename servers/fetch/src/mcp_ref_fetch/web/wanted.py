"""What is asked of a web server, and what comes back. Inert data."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from msgspec import Struct

from mcp_ref_fetch.web.agents import Agent
from mcp_ref_kit.network import WebUrl

PAGE = "text/markdown, text/html;q=0.9, */*;q=0.5"


class Hop(Struct, frozen=True):
    """One redirect on the way."""

    url: str
    status: int


@dataclass(frozen=True)
class Wanted:
    """One request, redirects included."""

    url: WebUrl
    agent: Agent
    deadline: float
    method: str = "GET"
    accept: str = PAGE
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """What the caller set; sent to the first origin only."""
    content: bytes | None = None
    asks_robots: bool = True
    takes_turn: bool = True
    """Whether it counts as one of the host's requests a second; robots.txt comes beside its page."""


@dataclass(frozen=True)
class Answer:
    """The head of an answer, and its body as it comes."""

    url: WebUrl
    status: int
    headers: Mapping[str, str]
    """Names in lower case; of several values the first."""
    hops: tuple[Hop, ...]
    robots: str
    parts: AsyncIterator[bytes]
    is_personal: bool = False
    """Whether the request carried a secret of the operator."""

    @property
    def downgraded(self) -> bool:
        """Whether a redirect led from https to http."""
        return self.url.scheme == "http" and any(hop.url.startswith("https:") for hop in self.hops)
