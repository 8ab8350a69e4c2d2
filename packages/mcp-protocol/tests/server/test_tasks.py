"""Tasks: handles that are found at once, questions in the background, cancellation, ownership, restarts."""

import asyncio
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import pytest
from msgspec import Struct

from mcp_protocol import Context, Elicit, Limits, Options, Principal, Server, ToolError, Toolset, arg
from mcp_protocol.errors import SettingsError
from mcp_protocol.revisions import LEGACY, Revision
from mcp_protocol.server.task_store import Directory
from mcp_protocol.testing import RawPeer, raw_peer
from mcp_protocol.transports.memory import join

TASKS = "io.modelcontextprotocol/tasks"
ABLE: dict[str, Any] = {"extensions": {TASKS: {}}, "elicitation": {}}
Ctx = Context[list[asyncio.Event]]
tools = Toolset[list[asyncio.Event]]("tools")


class Name(Struct, frozen=True):
    """Who."""

    name: str


@tools.tool(task="allowed")
async def work(ctx: Ctx, kind: Annotated[str, arg("How it ends.")] = "well") -> str:
    """Work in the background until the test says so."""
    await ctx.background()
    await ctx.progress(1, 2, "half way")
    await ctx.log("error", "goes nowhere")
    await ctx.state[0].wait()
    if kind == "tool":
        raise ToolError("No.", code="no")
    if kind == "crash":
        raise RuntimeError("secret")
    return "done"


@tools.tool(task="required")
async def ask(ctx: Ctx) -> str:
    """Ask before, and ask twice at once after, going into the background."""
    first = await ctx.elicit(Name, "First?", key="first")
    await ctx.background()
    second, third = await ctx.ask_together(Elicit(Name, "Second?", key="n"), Elicit(Name, "Third?", key="n"))
    return ", ".join("-" if one is None else one.name for one in (first, second, third))


@tools.tool(task="allowed")
async def quick(ctx: Ctx) -> str:
    """Be done before anyone could wait."""
    del ctx
    return "at once"


@asynccontextmanager
async def lifespan(settings: list[asyncio.Event]) -> AsyncGenerator[list[asyncio.Event]]:
    """The state is the event that the test sets."""
    yield settings


SERVER = Server("t", list[asyncio.Event], lifespan, toolsets=[tools])


async def start(peer: RawPeer, tool: str, **params: Any) -> dict[str, Any]:
    return (await peer.call("tools/call", {"name": tool, **params}))["result"]


async def look(peer: RawPeer, task_id: str) -> dict[str, Any]:
    return (await peer.call("tasks/get", {"taskId": task_id}))["result"]


async def settled(peer: RawPeer, task_id: str, status: str) -> dict[str, Any]:
    async with asyncio.timeout(5):
        while (found := await look(peer, task_id))["status"] != status:  # noqa: ASYNC110  polling is the protocol
            await asyncio.sleep(0)
    return found


async def test_a_task_is_found_the_moment_its_handle_is_returned_and_ends_with_the_result() -> None:
    go = asyncio.Event()
    async with raw_peer(SERVER, [go], capabilities=ABLE) as peer:
        handle = await start(peer, "work")
        assert handle["resultType"] == "task"
        assert not {"result", "error", "inputRequests", "requestState", "task"} & handle.keys()
        found = await look(peer, handle["taskId"])
        assert (found["status"], found["statusMessage"], found["resultType"]) == ("working", "half way", "complete")
        go.set()
        ended = await settled(peer, handle["taskId"], "completed")
        assert ended["result"]["content"][0]["text"] == "done"
        assert ended["result"]["resultType"] == "complete"
        assert peer.notifications == []


@pytest.mark.parametrize(("kind", "status"), [("tool", "completed"), ("crash", "failed")])
async def test_a_tools_failure_is_a_result_and_a_crash_is_an_error(kind: str, status: str) -> None:
    go = asyncio.Event()
    go.set()
    async with raw_peer(SERVER, [go], capabilities=ABLE) as peer:
        handle = await start(peer, "work", arguments={"kind": kind})
        ended = await settled(peer, handle["taskId"], status)
    if kind == "tool":
        assert ended["result"]["isError"] is True
    else:
        assert "result" not in ended
        assert ended["error"]["code"] == -32603
        assert "secret" not in str(ended)


async def test_questions_before_the_background_are_rounds_and_those_after_it_are_shown_by_get() -> None:
    async with raw_peer(SERVER, [asyncio.Event()], capabilities=ABLE) as peer:
        asked = await start(peer, "ask")
        assert list(asked["inputRequests"]) == ["first"]
        yes = {"action": "accept", "content": {"name": "A"}}
        handle = await start(peer, "ask", inputResponses={"first": yes}, requestState=asked["requestState"])
        assert handle["resultType"] == "task"
        found = await settled(peer, handle["taskId"], "input_required")
        assert sorted(found["inputRequests"]) == ["n", "n_2"]
        update = {"taskId": handle["taskId"], "inputResponses": {"n_2": yes, "unknown": 1, "n": {"action": "perhaps"}}}
        assert "error" not in await peer.call("tasks/update", update)
        found = await look(peer, handle["taskId"])
        assert list(found["inputRequests"]) == ["n"]
        update = {"taskId": handle["taskId"], "inputResponses": {"n": {"action": "decline"}, "n_2": yes}}
        assert (await peer.call("tasks/update", update))["result"].keys() == {"resultType", "_meta"}
        assert (await look(peer, handle["taskId"]))["status"] != "input_required"
        ended = await settled(peer, handle["taskId"], "completed")
        assert ended["result"]["content"][0]["text"] == "A, -, A"


async def test_a_cancelled_task_stops_and_stays_cancelled() -> None:
    go = asyncio.Event()
    async with raw_peer(SERVER, [go], capabilities=ABLE) as peer:
        task = {"taskId": (await start(peer, "work"))["taskId"]}
        for _ in range(2):
            assert (await peer.call("tasks/cancel", task))["result"].keys() == {"resultType", "_meta"}
        go.set()
        assert (await look(peer, task["taskId"]))["status"] == "cancelled"


async def test_cancelling_the_request_does_not_cancel_the_task_it_became() -> None:
    go = asyncio.Event()
    async with raw_peer(SERVER, [go], capabilities=ABLE) as peer:
        request_id = await peer.begin("tools/call", {"name": "work"})
        task_id = (await peer.reply(request_id))["result"]["taskId"]
        await peer.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": request_id}})
        go.set()
        await settled(peer, task_id, "completed")


async def test_a_client_without_the_extension_waits_or_is_told_what_is_missing() -> None:
    go = asyncio.Event()
    go.set()
    async with raw_peer(SERVER, [go], capabilities={"elicitation": {}}) as peer:
        assert (await start(peer, "work"))["content"][0]["text"] == "done"
        for method, params in {"tools/call": {"name": "ask"}, "tasks/get": {"taskId": "x"}}.items():
            error = (await peer.call(method, params))["error"]
            assert error["code"] == -32021
            assert error["data"] == {"requiredCapabilities": {"extensions": {TASKS: {}}}}


@pytest.mark.parametrize("revision", LEGACY)
async def test_legacy_sessions_know_no_tasks(revision: Revision) -> None:
    go = asyncio.Event()
    go.set()
    async with raw_peer(SERVER, [go], revision=revision, capabilities=ABLE) as peer:
        assert (await start(peer, "work"))["content"][0]["text"] == "done"
        assert (await start(peer, "ask"))["isError"] is True
        assert (await peer.call("tasks/get", {"taskId": "x"}))["error"]["code"] == -32601


async def test_a_quick_tool_answers_without_a_task() -> None:
    async with raw_peer(SERVER, [], capabilities=ABLE) as peer:
        assert (await start(peer, "quick"))["resultType"] == "complete"


async def test_cve_2026_52870_another_callers_task_looks_like_none() -> None:
    async with (
        SERVER.run([asyncio.Event()]) as app,
        join(app, principal=Principal("i", "alice")) as a,
        join(app, principal=Principal("i", "bob")) as b,
    ):
        alice, bob = (RawPeer(end, Revision.V2026_07_28, ABLE) for end in (a, b))
        task_id = (await start(alice, "work"))["taskId"]
        for method in ("tasks/get", "tasks/cancel", "tasks/update"):
            for wanted in (task_id, "never"):
                reply = await bob.call(method, {"taskId": wanted, "inputResponses": {}})
                assert reply["error"] == {"code": -32602, "message": "Unknown task"}
        listening = await bob.begin("subscriptions/listen", {"notifications": {"taskIds": [task_id]}})
        assert (await bob.receive())["params"]["notifications"] == {"taskIds": []}
        cancelled = {"requestId": listening}
        await bob.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": cancelled})
        assert (await look(alice, task_id))["status"] == "working"


async def test_a_listener_gets_the_whole_state_of_its_tasks() -> None:
    go = asyncio.Event()
    async with raw_peer(SERVER, [go], capabilities=ABLE) as peer:
        task_id = (await start(peer, "work"))["taskId"]
        listening = await peer.begin("subscriptions/listen", {"notifications": {"taskIds": [task_id, "other"]}})
        assert (await peer.notification("notifications/subscriptions/acknowledged"))["params"]["notifications"] == {
            "taskIds": [task_id]
        }
        go.set()
        params = (await peer.notification("notifications/tasks"))["params"]
        assert params["_meta"]["io.modelcontextprotocol/subscriptionId"] == listening
        assert (params["taskId"], params["status"]) == (task_id, "completed")
        assert params["result"]["content"][0]["text"] == "done"
        await peer.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": listening}})


async def test_a_caller_has_a_bounded_number_of_tasks_and_old_ones_expire() -> None:
    options = Options(limits=Limits(tasks=2, task_seconds=0.2))
    async with raw_peer(SERVER, [asyncio.Event()], capabilities=ABLE, options=options) as peer:
        first = (await start(peer, "work"))["taskId"]
        await start(peer, "work")
        assert "error" in await peer.call("tools/call", {"name": "work"})
        async with asyncio.timeout(5):
            while "error" not in await peer.call("tasks/get", {"taskId": first}):  # noqa: ASYNC110  polling is the protocol
                await asyncio.sleep(0.01)
        assert (await start(peer, "work"))["resultType"] == "task"


async def test_a_stored_task_outlives_the_server(tmp_path: Path) -> None:
    options = Options(task_store=Directory(tmp_path / "tasks"))
    go = asyncio.Event()
    async with raw_peer(SERVER, [go], capabilities=ABLE, options=options) as peer:
        running = (await start(peer, "work"))["taskId"]
        go.set()
        done = (await start(peer, "work"))["taskId"]
        await settled(peer, done, "completed")
        go.clear()
        cut_off = (await start(peer, "work"))["taskId"]
        await settled(peer, running, "completed")
    (tmp_path / "tasks" / "half.task.json").write_bytes(b'{"task_id":')
    (tmp_path / "tasks" / ".0123.draft").write_bytes(b'{"task_id":')
    async with raw_peer(SERVER, [go], capabilities=ABLE, options=options) as peer:
        assert (await look(peer, done))["result"]["content"][0]["text"] == "done"
        lost = await look(peer, cut_off)
        assert (lost["status"], lost["error"]["code"]) == ("failed", -32603)
    assert {file.stat().st_mode & 0o777 for file in (tmp_path / "tasks").glob("[!h]*.task.json")} == {0o600}
    assert list((tmp_path / "tasks").glob(".*")) == []


async def test_a_directory_that_cannot_be_used_is_a_bad_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="cannot be kept in"):
        async with raw_peer(SERVER, [], options=Options(task_store=Directory(tmp_path / "file" / "tasks"))):
            pass


async def test_a_task_that_can_no_longer_be_kept_still_ends(tmp_path: Path) -> None:
    go = asyncio.Event()
    options = Options(task_store=Directory(tmp_path / "tasks"))
    async with raw_peer(SERVER, [go], capabilities=ABLE, options=options) as peer:
        task = (await start(peer, "work"))["taskId"]
        shutil.rmtree(tmp_path / "tasks")
        go.set()
        assert (await settled(peer, task, "completed"))["result"]["content"][0]["text"] == "done"
