"""From what a caller names as the server to a link that is ready to use."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from msgspec import Struct
from msgspec.structs import replace

from mcp_protocol.client.authorizing import Authorizer
from mcp_protocol.client.http import Endpoint, HttpLink
from mcp_protocol.client.link import Duplex, Link, Opener, Receiver
from mcp_protocol.client.pipe import PipeLink
from mcp_protocol.client.process import Command, Process, running

Target = Sequence[str] | Command | str | Endpoint | Opener | Duplex
"""A command line, an http(s) URL, a server in this process (`InProcess`), or any duplex of messages."""


class Connection(Struct, frozen=True):
    """A link, and the process behind it if we have started one."""

    link: Link
    process: Process | None = None


@asynccontextmanager
async def connected(target: Target, receiver: Receiver) -> AsyncGenerator[Connection]:
    """A connection for the length of the block.

    Raises:
        ConnectionLost: the server could not be started.
        ValueError: the target is a string, but no URL.
    """
    if isinstance(target, str | Endpoint):
        async with HttpLink(_endpoint(target), receiver) as link:
            yield Connection(link)
    elif isinstance(target, Command | Sequence):
        command = target if isinstance(target, Command) else Command(target)
        async with running(command) as process, PipeLink(process, receiver) as pipe:
            yield Connection(pipe, process)
    elif isinstance(target, Opener):
        async with target.opened() as end, PipeLink(end, receiver) as pipe:
            yield Connection(pipe)
    else:
        async with PipeLink(target, receiver) as pipe:
            yield Connection(pipe)


def authorised(target: Target, auth: Authorizer) -> Endpoint:
    """The endpoint with someone who authorises the requests to it.

    Raises:
        ValueError: the target is a process: that takes its credentials from its environment.
    """
    if not isinstance(target, str | Endpoint):
        raise ValueError("Only requests to a URL can be authorised")  # noqa: TRY004  a target of the wrong kind, not a wrong type
    return replace(_endpoint(target), auth=auth)


def generation(target: Target) -> int:
    """Whose requests these are: another number for another authorization."""
    return target.auth.generation if isinstance(target, Endpoint) and target.auth else 0


def _endpoint(target: str | Endpoint) -> Endpoint:
    endpoint = Endpoint(target) if isinstance(target, str) else target
    if not endpoint.url.startswith(("http://", "https://")):
        raise ValueError(f"{endpoint.url!r} is no http or https URL; a command is a list of strings")
    return endpoint
