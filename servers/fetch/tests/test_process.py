"""The server as a program on both transports and in both eras: a real process, the real resolver, a web on loopback."""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mcp_protocol.client import Client, Command
from mcp_protocol.types import PromptReference
from mcp_ref_fetch.choices import AllowedPort, HeaderName, SecretHeader
from mcp_ref_kit.network import HostPattern, Network

Web = Any

MOST_BYTES = 6_000
PROGRAM = str(Path(sys.executable).with_name("mcp-ref-fetch"))
OPEN = ["--allow-cidr", "127.0.0.0/8", "--allow-port", "any", "--rate", "1000/s", "--max-decoded-bytes", "1MiB"]
LISTENING = re.compile(rb"listening on (http://\S+)")
each_era = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
each_transport = pytest.mark.parametrize("transport", ["stdio", "http"])


@cache
def run(*arguments: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [PROGRAM, *arguments], capture_output=True, text=True, timeout=30, check=False, stdin=subprocess.DEVNULL, env={}
    )
    return done.returncode, done.stdout, done.stderr


@asynccontextmanager
async def started(transport: str, revision: str, *options: str) -> AsyncGenerator[Client]:
    """A client of a process."""
    if transport == "stdio":
        async with Client(Command([PROGRAM, *options], stderr="keep"), revision=revision) as client:
            yield client
        return
    arguments = [*options, "--transport", "http", "--port", "0"]
    process = await asyncio.create_subprocess_exec(PROGRAM, *arguments, stderr=asyncio.subprocess.PIPE)
    assert process.stderr is not None
    try:
        async with asyncio.timeout(20):
            while not (found := LISTENING.search(await process.stderr.readline())):
                pass
        async with Client(found[1].decode(), revision=revision) as client:
            yield client
    finally:
        process.terminate()
        await process.communicate()


async def test_snapshots_and_addresses_of_one_caller_are_no_other_s(web: Web) -> None:
    """On HTTP nothing is completed, since callers would see each other's addresses."""
    web.page("/page", "<p>A page</p>")
    async with started("http", "2026-07-28", *OPEN) as client:
        await client.call_tool("fetch", {"url": web.url("/page")})
        found = await client.complete(PromptReference(name="fetch"), "url", "http")
    assert found.values == []


def test_wf28_there_is_no_mode() -> None:
    """WF28."""
    code, out, err = run("--mode", "read-only")
    assert (code, out) == (2, "")
    assert "--mode" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--allow-port", "0", "--header-allow", "Cookie"], "must be a port from 1 to 65535"),
        (["--download-dir", "/nonexistent-directory"], "/nonexistent-directory cannot be opened"),
        (["--proxy-url", "http://me:secret@h:x"], "must be like http://HOST:PORT"),
    ],
)
def test_a_setting_that_cannot_be_ends_the_start(arguments: list[str], sentence: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert sentence in err
    assert "Traceback" not in err
    assert "secret" not in err


@pytest.mark.parametrize(
    ("parse", "text", "sentence"),
    [
        (Network.parse, "10.0.0.1/8", "must be a network such as"),
        (HostPattern.parse, "http://x", "must be a host such as"),
        (AllowedPort.parse, "65536", "must be a port from 1 to 65535"),
        (AllowedPort.parse, "٣", "must be a port from 1 to 65535"),
        (HeaderName.parse, "Cookie", "must be the name of a header"),
        (HeaderName.parse, "X: y", "must be the name of a header"),
        (SecretHeader.parse, "x", "must have the form HOST=NAME:VARIABLE"),
        (SecretHeader.parse, "h.test=X Y:Z", "must have the form HOST=NAME:VARIABLE"),
    ],
)
def test_kinds_of_settings_say_what_they_are(parse: Callable[[str], object], text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        parse(text)


def test_wf30_what_writes_is_offered_only_when_it_is_asked_for() -> None:
    """WF30."""
    plain = [entry["tool"]["name"] for entry in json.loads(run("--print-tools")[1])["tools"]]
    printed = json.loads(run("--print-tools", "--toolsets", "read,download")[1])
    more = [entry["tool"]["name"] for entry in printed["tools"]]
    assert plain == ["fetch", "fetch_many", "fetch_links", "fetch_metadata", "fetch_robots"]
    assert "download_file" in more


def test_the_five_tools_fit_their_budget() -> None:
    printed = json.loads(run("--print-tools")[1])
    sizes = [len(json.dumps(entry["tool"], separators=(",", ":"), ensure_ascii=False)) for entry in printed["tools"]]
    assert sum(sizes) <= MOST_BYTES


def test_the_table_of_settings_is_that_of_the_program() -> None:
    """Every flag of this server with its default, and no other."""
    text = (Path(__file__).parents[1] / "README.md").read_text()
    listed: dict[str, str] = {}
    for line in text.partition("## Settings")[2].splitlines():
        if line.startswith("| `--"):
            first, second = (cell.strip() for cell in line.split("|")[1:3])
            flags = re.findall(r"`(--[a-z-]+)", first)
            listed |= dict(zip(flags, second.split(", ") if second else [""] * len(flags), strict=True))
    own = run("--help")[1].partition("options of every server")[0]
    offered: dict[str, str] = {}
    for flag, words in re.findall(r"^  (--[a-z-]+)(.*?)(?=^  --|\Z)", own, re.MULTILINE | re.DOTALL):
        found = re.search(r"\(default:\s+(\S+)\)", words)
        offered[flag] = found[1] if found and found[1] != "off" else ""
    units = {" MiB": 1024**2, " KiB": 1024}
    for flag, default in listed.items():
        for unit, size in units.items():
            if default.endswith(unit):
                listed[flag] = str(int(default.removesuffix(unit)) * size)
    assert listed == offered


def test_check_says_what_works() -> None:
    code, out, _ = run("--check", "--secret-header", "example.com=Authorization:MISSING")
    assert code == 1
    assert re.search("ok +certificates", out)
    assert re.search("FAILED +secret header for example.com", out)


def test_a_start_loads_nothing_of_what_the_first_page_needs() -> None:
    """httpx alone would be most of the start."""
    program = "import sys, mcp_ref_fetch.__main__; print(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30)
    loaded = set(done.stdout.split())
    late = {"httpx", "httpcore", "selectolax", "protego", "charset_normalizer", "pypdf", "xml", "idna"}
    assert loaded & late == set()
