"""The part of a host in the demo: it starts a server from its configuration entry and gives a client of it."""

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from mcp_protocol.client import Client, Command

LISTENING = re.compile(rb"listening on (http://\S+)")
PATIENCE = 20


def over_stdio(command: Sequence[str], revision: str) -> Client:
    """A client of the server as a child process, the way hosts run it."""
    return Client(Command(command, stderr="keep"), revision=revision)


@asynccontextmanager
async def over_http(command: Sequence[str], revision: str) -> AsyncGenerator[tuple[str, Client]]:
    """The server on a port of its own choice; its URL, and a client of it."""
    program, *arguments = [*command, "--transport", "http", "--port", "0"]
    process = await asyncio.create_subprocess_exec(program, *arguments, stderr=asyncio.subprocess.PIPE)
    try:
        async with asyncio.timeout(PATIENCE):
            url = await _url(process)
        async with Client(url, revision=revision) as client:
            yield url, client
    finally:
        process.terminate()
        await process.communicate()


async def _url(process: asyncio.subprocess.Process) -> str:
    said = b""
    while process.stderr and (line := await process.stderr.readline()):
        said += line
        if found := LISTENING.search(line):
            return found[1].decode()
    raise RuntimeError(f"The server did not start to listen: {said.decode()}")
