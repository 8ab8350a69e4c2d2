"""The tools that become tasks, followed to their ends."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import pytest

from mcp_protocol.testing import RawPeer, raw_peer
from mcp_ref_everything.server import server
from mcp_ref_everything.settings import Settings

ABLE: dict[str, Any] = {"extensions": {"io.modelcontextprotocol/tasks": {}}, "elicitation": {}}
PATIENCE = 5


@pytest.fixture
async def peer() -> AsyncGenerator[RawPeer, None]:
    async with raw_peer(server, Settings(), capabilities=ABLE) as peer:
        yield peer


async def begun(peer: RawPeer, tool: str, **arguments: Any) -> str:
    result = (await peer.call("tools/call", {"name": tool, "arguments": arguments}))["result"]
    assert result["resultType"] == "task"
    return result["taskId"]


async def until(peer: RawPeer, task_id: str, is_so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE):
        while not is_so(found := (await peer.call("tasks/get", {"taskId": task_id}))["result"]):  # noqa: ASYNC110  polling is the protocol
            await asyncio.sleep(0.01)
    return found


async def settled(peer: RawPeer, task_id: str, *statuses: str) -> dict[str, Any]:
    return await until(peer, task_id, lambda found: found["status"] in statuses)


async def answer(peer: RawPeer, task_id: str, content: dict[str, Any]) -> None:
    asked = (await settled(peer, task_id, "input_required"))["inputRequests"]
    responses = {key: {"action": "accept", "content": content} for key in asked}
    await peer.call("tasks/update", {"taskId": task_id, "inputResponses": responses})


async def test_a_job_that_fails_as_a_tool_has_completed(peer: RawPeer) -> None:
    ended = await settled(peer, await begun(peer, "failing_job"), "completed", "failed")
    assert ended["status"] == "completed"
    assert ended["result"]["isError"] is True


async def test_a_job_that_fails_as_a_program_has_failed(peer: RawPeer) -> None:
    ended = await settled(peer, await begun(peer, "protocol_error_job"), "completed", "failed")
    assert ended["status"] == "failed"
    assert ended["error"]["code"] == -32603
    assert "result" not in ended


async def test_a_long_job_can_be_cancelled(peer: RawPeer) -> None:
    task_id = await begun(peer, "slow_compute", seconds=3600)
    await peer.call("tasks/cancel", {"taskId": task_id})
    assert (await settled(peer, task_id, "cancelled"))["status"] == "cancelled"


async def test_a_job_ends_with_its_result(peer: RawPeer) -> None:
    ended = await settled(peer, await begun(peer, "slow_compute", seconds=0.01, label="sums"), "completed")
    assert ended["result"]["content"][0]["text"] == "Computed sums in 0.01 seconds."


async def test_a_job_asks_before_it_deletes(peer: RawPeer) -> None:
    task_id = await begun(peer, "confirm_delete", filename="a.txt")
    await answer(peer, task_id, {"confirm": False})
    assert (await settled(peer, task_id, "completed"))["result"]["content"][0]["text"] == "Kept a.txt."


async def test_two_questions_are_open_at_the_same_time(peer: RawPeer) -> None:
    task_id = await begun(peer, "multi_input")
    await until(peer, task_id, lambda found: len(found.get("inputRequests", ())) == 2)
    await answer(peer, task_id, {"name": "Alice", "confirm": True})
    assert (await settled(peer, task_id, "completed"))["result"]["content"][0]["text"] == "Alice: True"


async def test_a_question_before_the_task_goes_by_an_input_required_result(peer: RawPeer) -> None:
    asked = (await peer.call("tools/call", {"name": "test_tool_with_task"}))["result"]
    assert list(asked["inputRequests"]) == ["user_name"]
    answers = {"user_name": {"action": "accept", "content": {"name": "Alice"}}}
    retry = {"name": "test_tool_with_task", "inputResponses": answers, "requestState": asked["requestState"]}
    handle = (await peer.call("tools/call", retry))["result"]
    ended = await settled(peer, handle["taskId"], "completed")
    assert ended["result"]["content"][0]["text"] == "Hello, Alice!"


def spoken(process: subprocess.Popen[bytes], method: str, params: dict[str, Any]) -> dict[str, Any]:
    meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": ABLE}
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": meta}}
    assert process.stdin
    assert process.stdout
    process.stdin.write(json.dumps(message).encode() + b"\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())["result"]


def test_a_task_and_what_came_of_it_outlive_the_process(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mcp_ref_everything", "--tasks-dir", str(tmp_path / "tasks")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
        ended, cut = (
            spoken(first, "tools/call", {"name": "slow_compute", "arguments": {"seconds": seconds, "label": "sums"}})
            for seconds in (0.1, 600)
        )
        while spoken(first, "tasks/get", {"taskId": ended["taskId"]})["status"] != "completed":
            pass
        first.kill()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as second:
        found = spoken(second, "tasks/get", {"taskId": ended["taskId"]})
        lost = spoken(second, "tasks/get", {"taskId": cut["taskId"]})
    assert found["result"]["content"][0]["text"].startswith("Computed sums")
    assert (lost["status"], lost["error"]["code"]) == ("failed", -32603)
