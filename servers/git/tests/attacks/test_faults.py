"""Locks of others, many calls at once, cancelled calls, enormous repositories, and the same over HTTP."""

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from mcp_protocol.testing import raw_peer
from mcp_ref_git import Settings, server

ALL: dict[str, Any] = {"mode": "admin", "toolsets": ["all"]}
MIB = 1024 * 1024


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def children() -> set[int]:
    """The git processes that this one has started and that still run."""
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):
            found |= {int(pid) for pid in (task / "children").read_text().split()}
    return found


async def test_gt24_a_foreign_lock_is_told_and_left(repo: Any, desk: Any) -> None:
    """GT24."""
    repo.commit("first", a="1\n")
    repo.write("a", "2\n")
    lock = repo.dot_git / "index.lock"
    lock.touch()
    os.utime(lock, (time.time() - 90, time.time() - 90))
    async with desk(repo) as at:
        result = await at.call("git_add", files=["a"])
        assert (await at.ok("git_status"))["unstaged"] != []
    assert result.error_code == "busy"
    assert "90 s" in result.text or "91 s" in result.text
    assert lock.exists()


def settings_of(repo: Any, **fields: Any) -> Settings:
    return Settings(repository=[str(repo.path)], user_config="off", roots="off", **fields)


async def at_once(peer: Any, *calls: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """The results of calls that are all in flight before the first is answered."""
    begun = [await peer.begin("tools/call", {"name": tool, "arguments": arguments}) for tool, arguments in calls]
    replies = [(await peer.reply(one))["result"] for one in begun]
    assert [one for one in replies if one.get("isError")] == []
    return replies


async def test_gt25_calls_at_once_lose_nothing(repo: Any) -> None:
    """GT25."""
    repo.commit("first", a="1\n")
    for number in range(10):
        repo.write(f"f{number}", "x\n")
    async with raw_peer(server, settings_of(repo, **ALL), revision="2025-11-25") as peer:
        looking: list[Any] = [("git_status", {}), ("git_log", {})] * 5
        adding: list[Any] = [("git_add", {"files": [f"f{number}"]}) for number in range(10)]
        await at_once(peer, *adding, *looking)
        (seen,) = await at_once(peer, ("git_status", {}))
        assert len(seen["structuredContent"]["staged"]) == 10
        changing: list[tuple[str, dict[str, Any]]] = []
        for number in range(6):
            changing.append(("git_tag_create", {"name": f"t{number}"}))
            changing.append(("git_commit", {"message": f"c{number}", "allow_empty": True}))
        await at_once(peer, *changing)
    assert repo.git("rev-list", "--count", "HEAD") == "7"
    assert len(repo.git("tag").split()) == 6
    assert repo.is_sound()


async def until(holds: Callable[[], bool], seconds: float) -> None:
    """Give the server, which runs in this loop, its turns until something is so."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110  a process that begins or ends sets no event here
            await asyncio.sleep(0.002)


async def test_a_cancelled_call_ends_its_program(repo: Any) -> None:
    """H17, L7: no child is left after a cancellation."""
    repo.commit("first", large="".join(f"{number}\n" for number in range(300_000)))
    repo.write("large", "".join(f"{-number}\n" for number in range(300_000)))
    before = children()
    async with raw_peer(server, settings_of(repo), revision="2025-11-25") as peer:
        for _ in range(10):
            params = {"name": "git_diff", "arguments": {"target": "HEAD", "ignore_whitespace": True}}
            call = await peer.begin("tools/call", params)
            await until(lambda: children() != before, 5)
            await peer.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": call}})
            await until(lambda: children() == before, 2.5)
        ping = await peer.begin("ping", {})
        assert "error" not in await peer.reply(ping)
    assert not (repo.dot_git / "index.lock").exists()


async def test_gt14_a_diff_of_fifty_megabytes_costs_no_more_than_its_page(repo: Any, desk: Any) -> None:
    """GT14."""
    line = "a line of the file, as long as such lines are usually\n"
    repo.commit("first", **{f"f{number}": "" for number in range(10)})
    for number in range(10):
        repo.write(f"f{number}", line * (5 * MIB // len(line)))
    async with desk(repo) as at:
        await at.ok("git_status")
        before = resident()
        found = await at.ok("git_diff_unstaged")
        assert len(found["files"]) == 10
        assert len(found["diff"]) <= 110_000
        assert found["truncated"]
        following = await at.ok("git_diff_unstaged", cursor=found["next_cursor"])
        assert len(following["diff"]) <= 110_000
        assert resident() - before < 30 * MIB


async def test_a_blob_of_a_gigabyte_and_a_million_refs_take_no_memory(repo: Any, desk: Any) -> None:
    """Section 6: bounded whatever the repository holds."""
    head = repo.commit("first", a="1\n")
    refs = "".join(f"{head} refs/heads/b{number:07}\n" for number in range(100_000))
    (repo.dot_git / "packed-refs").write_text(f"# pack-refs with: peeled fully-peeled sorted \n{refs}")
    with (repo.path / "large").open("wb") as file:
        file.truncate(60 * MIB)
    repo.git("-c", "core.bigFileThreshold=1m", "-c", "core.compression=1", "add", "large")
    repo.git("commit", "-q", "-m", "large")
    async with desk(repo) as at:
        await at.ok("git_status")
        before = resident()
        assert await at.refused("git_show", revision="HEAD:large") == "too_large"
        found = await at.ok("git_branch")
        assert (len(found["branches"]), found["truncated"]) == (100, True)
        assert (await at.ok("git_show", revision="HEAD"))["files"][0]["binary"]
        assert resident() - before < 30 * MIB


async def test_a_command_has_a_deadline(repo: Any, desk: Any) -> None:
    repo.commit("first", a="1\n" * 2000)
    for number in range(30):
        repo.commit(f"c{number}", a=f"{number}\n" + "x y z\n" * 3000)
    slow = "(((.*)*)*)*" * 40 + "never$"
    async with desk(repo, timeout=1) as at:
        began = time.monotonic()
        code = (await at.call("git_log", grep=slow, max_count=5000)).error_code
        assert time.monotonic() - began < 10
        assert code in {None, "timeout", "git_failed"}
        await at.ok("git_status")


@pytest.mark.parametrize("text", ["x" * 1_000_000, "\0", "\ud800", "a\nb"])
async def test_odd_texts_are_clear_errors(repo: Any, desk: Any, text: str) -> None:
    """T1: for tools whose schema would let such a text through."""
    repo.commit("first", a="1\n")
    with contextlib.suppress(UnicodeEncodeError):
        text.encode()
        async with desk(repo, **ALL) as at:
            for tool, name in (
                ("git_show", "revision"), ("git_checkout", "branch_name"), ("git_blame", "path"),
                ("git_grep", "pattern"),
                ("git_create_branch", "branch_name"), ("git_config_get", "name"), ("git_tag_create", "name"),
            ):  # fmt: skip
                result = await at.call(tool, **{name: text})
                assert result.is_error
                assert len(result.text) < 1000


@pytest.fixture
def listening(repo: Any) -> Generator[str]:
    """The server over HTTP, as it is installed."""
    script = Path(sys.executable).with_name("mcp-ref-git")
    command = [script, "-r", repo.path, "--transport", "http", "--port", "0", "--user-config", "off"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert process.stderr
        url = next(found[1] for line in process.stderr if (found := re.search(r"(http://\S+/mcp)", line)))
        yield url
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_gt1_the_same_over_http(armed: Any, marker: Any, listening: str) -> None:
    """GT1, GT15: the other transport."""
    armed.write("a.txt", "changed\n")

    def call(tool: str, **arguments: Any) -> dict[str, Any]:
        meta = {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {},
        }
        params = {"name": tool, "arguments": arguments, "_meta": meta}
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()
        headers = {
            "Content-Type": "application/json", "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": tool,
        }  # fmt: skip
        with urllib.request.urlopen(urllib.request.Request(listening, body, headers), timeout=20) as answer:  # noqa: S310  ours
            return json.loads(answer.read())["result"]

    assert call("git_status")["structuredContent"]["unstaged"] == [{"path": "a.txt", "status": "modified"}]
    assert call("git_add", files=["a.txt"])["structuredContent"]["staged"] != []
    made = call("git_commit", message="over HTTP")["structuredContent"]
    assert (made["summary"], made["hooks"]) == ("over HTTP", "skipped")
    assert call("git_log", ref="--output=x")["isError"]
    assert marker.seen == ""
