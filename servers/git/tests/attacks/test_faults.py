"""Cancelled calls, deadlines, and odd texts."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mcp_protocol.testing import raw_peer
from mcp_ref_git import Settings, server

ALL: dict[str, Any] = {"mode": "admin", "toolsets": ["all"]}
MIB = 1024 * 1024


def children() -> set[int]:
    """The git processes that this one has started and that still run."""
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):
            found |= {int(pid) for pid in (task / "children").read_text().split()}
    return found


def settings_of(repo: Any, **fields: Any) -> Settings:
    return Settings(repository=[str(repo.path)], user_config="off", roots="off", **fields)


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
