"""The fetch server's program, with a resolver of its own and one public address that is the test's web.

Started as a process by the tests beside it. `STAGE_PORT` is the web's port, `STAGE_DIRECTORY` gets the process id and
the addresses that were dialled, `STAGE_WITHOUT` names a package to do without.
"""

import asyncio
import os
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any, cast

from mcp_ref_fetch.__main__ import check
from mcp_ref_fetch.server import fetch_server
from mcp_ref_fetch.state import World
from mcp_ref_kit import cli

PUBLIC = "93.184.215.14"
LOOPBACK = "127.0.0.1"
# By the second label of a name; one list for each lookup, the last stays.
ANSWERS: dict[str, list[list[str]]] = {
    "open": [[LOOPBACK]],
    "public": [[PUBLIC]],
    "mixed": [[PUBLIC, LOOPBACK]],
    "scoped": [[PUBLIC, "fe80::1%eth0"]],
    "many": [[PUBLIC] * 65],
    "rebinding": [[PUBLIC], [PUBLIC], [LOOPBACK]],  # for a page, its robots.txt, and another page
}


class Names:
    """`x.open.test` is on loopback, `x.public.test` is public, and so on; no other name has an address."""

    def __init__(self) -> None:
        self._asked: Counter[str] = Counter()

    async def resolve(self, host: str) -> list[str]:
        """Answer, or say that there is no such name."""
        labels = host.split(".")
        answers = ANSWERS.get(labels[-2]) if len(labels) > 1 and labels[-1] == "test" else None
        if not answers:
            raise OSError("no such name")
        number = self._asked[host]
        self._asked[host] += 1
        return answers[min(number, len(answers) - 1)]


class Masked:
    """A connection whose other end looks like the address that was dialled."""

    def __init__(self, writer: asyncio.StreamWriter, address: str, port: int) -> None:
        self._writer = writer
        self._peer = (address, port)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._writer, name)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """The public address, where the peer is asked for."""
        return self._peer if name == "peername" else self._writer.get_extra_info(name, default)


async def dial(log: Path, address: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to an address, or to the web in its stead; write the address down."""
    with log.open("a") as file:
        file.write(f"{address}\n")
    if address != PUBLIC:
        return await asyncio.open_connection(address, port)
    reader, writer = await asyncio.open_connection(LOOPBACK, int(os.environ["STAGE_PORT"]))
    return reader, cast("asyncio.StreamWriter", Masked(writer, address, port))  # all that the guard looks at


def main() -> None:
    """Run the program."""
    directory = Path(os.environ["STAGE_DIRECTORY"])
    (directory / "pid").write_text(str(os.getpid()))
    if without := os.environ.get("STAGE_WITHOUT"):
        sys.modules[without] = cast("Any", None)  # as where it is not installed
    world = World(resolver=Names(), connector=partial(dial, directory / "dialled"))
    cli(fetch_server(world), check=check, without=["mode"])()


if __name__ == "__main__":
    main()
