"""A small server for tests that need a real process: run this file."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from msgspec import Struct

from mcp_protocol.errors import SettingsError
from mcp_protocol.schema.arg import arg
from mcp_protocol.server.app import Server
from mcp_protocol.server.context import Context
from mcp_protocol.server.toolset import Toolset
from mcp_ref_kit import Finding, Secret, cli, setting


class Settings(Struct, frozen=True, kw_only=True):
    words: Annotated[list[str], arg("Words to say."), setting(positional=True, metavar="WORD")] = []
    opened: Annotated[Path | None, arg("File that is written when the server is opened.")] = None
    dsn: Annotated[Secret | None, arg("Where the words are."), setting(inline=True)] = None
    fail: Annotated[str, arg("How the start fails.")] = ""
    healthy: Annotated[bool, arg("What the check finds.")] = True


Ctx = Context[Settings]
talk = Toolset[Settings]("talk")
extra = Toolset[Settings]("extra", default=False)


@talk.tool(read_only=True)
async def echo(_ctx: Ctx, text: Annotated[str, arg("What to say.")]) -> str:
    """Say it again."""
    return text


@talk.tool(read_only=True)
async def shout(_ctx: Ctx, text: Annotated[str, arg("What to shout.")]) -> str:
    """Say it where nobody should: on stdout, in every way there is."""
    print(text, flush=True)  # noqa: T201  that is the test
    os.write(1, text.encode() + b"\n")
    process = await asyncio.create_subprocess_exec("sh", "-c", "cat; echo child")
    await process.wait()
    return "shouted"


@talk.tool(read_only=True)
async def sleep(_ctx: Ctx, seconds: Annotated[float, arg("How long.")]) -> str:
    """Do nothing for a while."""
    await asyncio.sleep(seconds)
    return "awake"


@talk.tool(read_only=True)
async def scream(_ctx: Ctx, lines: Annotated[int, arg("How many.")]) -> str:
    """Fill stderr."""
    for _ in range(lines):
        sys.stderr.write("x" * 1000 + "\n")
    return "quiet"


@talk.tool(read_only=True)
async def fail(_ctx: Ctx) -> str:
    """Fail in a way that nobody foresaw."""
    raise RuntimeError("cannot reach postgres://ann:hunter22@db")


@talk.tool()
async def learn(_ctx: Ctx, word: Annotated[str, arg("A word.")]) -> str:
    """Learn a word."""
    return word


@talk.tool(admin=True)
async def forget(_ctx: Ctx) -> str:
    """Forget everything."""
    return "what?"


@extra.tool(read_only=True)
async def sing(_ctx: Ctx) -> str:
    """Sing."""
    return "la"


@talk.resource("tiny:///words")
async def words(ctx: Ctx) -> str:
    """The words."""
    return " ".join(ctx.state.words)


@talk.prompt()
async def ask(_ctx: Ctx) -> str:
    """Ask for words."""
    return "Which words?"


@asynccontextmanager
async def lifespan(settings: Settings) -> AsyncGenerator[Settings]:
    if settings.opened is not None:
        settings.opened.write_text("opened")
    if settings.fail == "setting":
        raise SettingsError("The words are not there.")
    if settings.fail == "careless" and settings.dsn is not None:
        raise SettingsError(f"Nobody answers at {settings.dsn.reveal()}.")
    if settings.fail == "group":
        async with asyncio.TaskGroup():
            raise SettingsError("The words are not there.")
    if settings.fail == "hang":
        sys.stderr.write("hanging\n")
        await asyncio.Event().wait()
    if settings.fail:
        raise RuntimeError(settings.fail)
    yield settings


async def check(settings: Settings, state: Settings) -> list[Finding]:
    return [Finding("words", works=settings.healthy, detail=f"{len(state.words)} words")]


server = Server("tiny", Settings, lifespan, toolsets=[talk, extra], version="1.2.3", instructions="Say something.")
main = cli(server, check=check)

if __name__ == "__main__":
    main()
