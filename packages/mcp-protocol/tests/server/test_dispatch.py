"""A small server driven by hand in all five revisions: replies, failures, questions, progress, cancellation."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import pytest
from msgspec import Struct, json

from mcp_protocol.errors import MissingCapability, ToolError
from mcp_protocol.limits import Limits
from mcp_protocol.revisions import LEGACY, Revision
from mcp_protocol.schema import arg
from mcp_protocol.server.app import Options, Server
from mcp_protocol.server.context import Context
from mcp_protocol.server.toolset import Toolset
from mcp_protocol.testing.raw import RawPeer, raw_peer
from mcp_protocol.transports.memory import join

Text = Annotated[str, arg("Some text.")]
tools = Toolset[list[str]]("tools")
Ctx = Context[list[str]]
ALL = list(Revision)
ELICITING = [Revision.V2025_06_18, Revision.V2025_11_25, Revision.V2026_07_28]


class Echo(Struct, frozen=True):
    """What was said."""

    said: str


class Name(Struct, frozen=True):
    """Who are you?"""

    name: str


@tools.tool(read_only=True)
async def echo(ctx: Ctx, text: Text) -> Echo:
    """Say it again."""
    del ctx
    return Echo(text)


@tools.tool(read_only=True)
async def fail(ctx: Ctx) -> str:
    """Fail as a tool."""
    del ctx
    raise ToolError("It is Monday.", code="monday", hint="Try Tuesday.", retryable=True)


@tools.tool(read_only=True)
async def crash(ctx: Ctx) -> str:
    """Fail as a program."""
    del ctx
    raise RuntimeError("the secret is 42")


@tools.tool()
async def greet(ctx: Ctx) -> str:
    """Ask for a name."""
    answer = await ctx.elicit(Name, "Your name?")
    ctx.state.append("greeted")
    return "Nobody" if answer is None else f"Hello, {answer.name}!"


@tools.tool()
async def remove(ctx: Ctx) -> str:
    """Ask before removing."""
    answer = await ctx.elicit(Name, "Type your name to remove it.", key="confirm", authorises=True)
    if answer is None:
        return "Kept."
    ctx.state.append("removed")
    return "Removed."


@tools.tool()
async def greet_or_not(ctx: Ctx) -> str:
    """Ask for a name if one can."""
    try:
        await ctx.elicit(Name, "Your name?")
    except MissingCapability:
        return "I cannot ask."
    return "I asked."


@tools.tool(read_only=True)
async def count_up(ctx: Ctx) -> str:
    """Report progress."""
    for done in range(1, 4):
        await ctx.progress(done, 3, f"step {done}")
        await asyncio.sleep(0.03)
    await ctx.log("warning", {"rows": 3})
    await ctx.log("debug", "details")
    return "done"


@tools.tool(read_only=True, seconds=0.05)
async def dawdle(ctx: Ctx) -> str:
    """Take too long."""
    await asyncio.sleep(60)
    return str(ctx)


@tools.tool(read_only=True)
async def wait(ctx: Ctx) -> str:
    """Wait to be cancelled."""
    ctx.state.append("waiting")
    try:
        await asyncio.Event().wait()
    finally:
        ctx.state.append("cancelled")
    return ""


@tools.resource("note:///{name}", mime_type="text/plain")
async def note(ctx: Ctx, name: str) -> str:
    """A note."""
    del ctx
    if name != "one":
        raise ToolError(f"There is no {name}.", code="not_found")
    return "first note"


@tools.resource("note:///index", static=True)
async def index(ctx: Ctx) -> str:
    """The list of notes."""
    del ctx
    return "one"


@tools.watch(note)
async def watch_note(ctx: Ctx, name: str) -> AsyncIterator[object]:
    """Changes of a note."""
    if name != "one":
        raise ToolError("No.", code="not_found")
    return _three_changes(ctx)


async def _three_changes(ctx: Ctx) -> AsyncIterator[object]:
    for _ in range(3):
        yield
    ctx.state.append("watched")


@tools.prompt()
async def ask_about(ctx: Ctx, topic: Text) -> str:
    """Ask about something."""
    del ctx
    return f"What is {topic}?"


@tools.complete(ask_about, "topic")
async def topics(ctx: Ctx, prefix: str) -> list[str]:
    """Topics."""
    del ctx
    return [topic for topic in ["apples", "pears"] if topic.startswith(prefix)]


@asynccontextmanager
async def lifespan(settings: list[str] | None) -> AsyncIterator[list[str]]:
    """The state is the list that the test looks at."""
    yield [] if settings is None else settings


SERVER = Server("small", list, lifespan, toolsets=[tools], version="1.2", changing=["tools"])


async def call(peer: RawPeer, tool: str, arguments: dict[str, Any] | None = None, **params: Any) -> dict[str, Any]:
    return await peer.call("tools/call", {"name": tool, "arguments": arguments or {}, **params})


@pytest.mark.parametrize("revision", ALL)
async def test_a_tool_answers_in_every_revision(revision: Revision) -> None:
    async with raw_peer(SERVER, revision=revision) as peer:
        result = (await call(peer, "echo", {"text": "ä\n\u2028"}))["result"]
    assert json.decode(result["content"][0]["text"]) == {"said": "ä\n\u2028"}
    assert ("structuredContent" in result) == (revision >= Revision.V2025_06_18)
    assert ("resultType" in result) == (revision is Revision.V2026_07_28)


@pytest.mark.parametrize("revision", ALL)
async def test_a_tools_failure_is_a_result_for_the_model(revision: Revision) -> None:
    async with raw_peer(SERVER, revision=revision) as peer:
        result = (await call(peer, "fail"))["result"]
    assert result["isError"] is True
    assert result["content"] == [{"type": "text", "text": "monday: It is Monday. Try Tuesday."}]
    assert "structuredContent" not in result
    facts = {"code": "monday", "message": "It is Monday.", "hint": "Try Tuesday.", "retryable": True}
    assert result["_meta"]["mcp-ref/error"] == facts


@pytest.mark.parametrize("revision", ALL)
async def test_a_crash_tells_the_peer_an_id_and_the_log_the_rest(
    revision: Revision, caplog: pytest.LogCaptureFixture
) -> None:
    async with raw_peer(SERVER, revision=revision) as peer:
        with caplog.at_level(logging.ERROR):
            error = (await call(peer, "crash"))["error"]
    assert error["code"] == -32603
    assert error["message"].startswith("Internal error (id ")
    assert "42" not in str(error)
    assert "the secret is 42" in caplog.text


@pytest.mark.parametrize("revision", ALL)
async def test_t2_unknown_tools_are_invalid_params_with_a_suggestion(revision: Revision) -> None:
    async with raw_peer(SERVER, revision=revision) as peer:
        errors = [(await call(peer, name))["error"] for name in ("ecco", "ECHO", "echo\n", "x" * 1_000_000)]
    assert [error["code"] for error in errors] == [-32602] * 4
    assert "did you mean 'echo'" in errors[0]["message"]
    assert max(len(error["message"]) for error in errors) < 200


@pytest.mark.parametrize("revision", ALL)
async def test_wrong_arguments_are_explained_to_the_model(revision: Revision) -> None:
    async with raw_peer(SERVER, revision=revision) as peer:
        result = (await call(peer, "echo", {"txt": "x"}))["result"]
    assert result["isError"] is True
    assert "text" in result["content"][0]["text"]


@pytest.mark.parametrize("revision", ALL)
async def test_a_tool_over_its_deadline_is_a_timeout(revision: Revision) -> None:
    async with raw_peer(SERVER, revision=revision) as peer:
        result = (await call(peer, "dawdle"))["result"]
    assert result["content"][0]["text"] == "timeout: The call took longer than 0.05 seconds."


@pytest.mark.parametrize("revision", ALL)
async def test_a_missing_resource_is_named_with_the_code_of_its_revision(revision: Revision) -> None:
    async with raw_peer(SERVER, revision=revision) as peer:
        found = await peer.call("resources/read", {"uri": "note:///one"})
        missing = [(await peer.call("resources/read", {"uri": uri}))["error"] for uri in ("note:///two", "other:x")]
    assert found["result"]["contents"][0]["text"] == "first note"
    code = -32602 if revision is Revision.V2026_07_28 else -32002
    assert [(error["code"], error["data"]["uri"]) for error in missing] == [(code, "note:///two"), (code, "other:x")]


@pytest.mark.parametrize("revision", ALL)
async def test_prompts_and_completions_answer(revision: Revision) -> None:
    async with raw_peer(SERVER, revision=revision) as peer:
        prompt = (await peer.call("prompts/get", {"name": "ask_about", "arguments": {"topic": "time"}}))["result"]
        complete = {"ref": {"type": "ref/prompt", "name": "ask_about"}, "argument": {"name": "topic", "value": "a"}}
        values = (await peer.call("completion/complete", complete))["result"]["completion"]["values"]
        unknown = {"ref": {"type": "ref/prompt", "name": "?"}, "argument": {"name": "topic", "value": "a"}}
        refused = await peer.call("completion/complete", unknown)
    assert prompt["messages"] == [{"role": "user", "content": {"type": "text", "text": "What is time?"}}]
    assert values == ["apples"]
    assert refused["error"]["code"] == -32602


@pytest.mark.parametrize("revision", ALL)
async def test_lists_are_complete_and_the_same_every_time(revision: Revision) -> None:
    async with raw_peer(SERVER, revision=revision) as peer:
        lists = [(await peer.call("tools/list"))["result"] for _ in range(2)]
        resources = (await peer.call("resources/list"))["result"]["resources"]
        templates = (await peer.call("resources/templates/list"))["result"]["resourceTemplates"]
        prompts = (await peer.call("prompts/list"))["result"]["prompts"]
    assert lists[0] == lists[1]
    assert [tool["name"] for tool in lists[0]["tools"]] == [tool.name for tool in SERVER.tools]
    assert [one["uri"] for one in resources] == ["note:///index"]
    assert [one["uriTemplate"] for one in templates] == ["note:///{name}"]
    assert [one["name"] for one in prompts] == ["ask_about"]
    assert ("ttlMs" in lists[0]) == (revision is Revision.V2026_07_28)


@pytest.mark.parametrize("revision", ALL)
async def test_t4_pages_give_every_tool_once_and_bad_cursors_are_refused(revision: Revision) -> None:
    async with raw_peer(SERVER, revision=revision, options=Options(limits=Limits(page=4))) as peer:
        names, cursor = [], None
        while True:
            params = {} if cursor is None else {"cursor": cursor}
            result = (await peer.call("tools/list", params))["result"]
            names += [tool["name"] for tool in result["tools"]]
            if "nextCursor" not in result:
                break
            cursor = result["nextCursor"]
        assert cursor is not None
        bad = ["", "x", cursor[:-1], cursor + "A", "A" * 1_000_000]
        errors = [(await peer.call("tools/list", {"cursor": one}))["error"]["code"] for one in bad]
        errors.append((await peer.call("prompts/list", {"cursor": cursor}))["error"]["code"])
    assert names == [tool.name for tool in SERVER.tools]
    assert errors == [-32602] * 6


@pytest.mark.parametrize("revision", ALL)
async def test_progress_and_logs_come_before_the_result(revision: Revision) -> None:
    async with raw_peer(SERVER, revision=revision) as peer:
        asked = await peer.begin(
            "tools/call", {"name": "count_up"}, progressToken="t", **{"io.modelcontextprotocol/logLevel": "warning"}
        )
        await peer.reply(asked)
        seen = [one for one in peer.notifications if one["method"] == "notifications/progress"]
        logs = [one["params"]["data"] for one in peer.notifications if one["method"] == "notifications/message"]
    assert [one["params"]["progress"] for one in seen] == [1, 2, 3]
    assert all(one["params"]["progressToken"] == "t" for one in seen)
    assert ("message" in seen[0]["params"]) == (revision >= Revision.V2025_03_26)
    assert logs == [{"rows": 3}]


@pytest.mark.parametrize("revision", ALL)
async def test_a_cancelled_call_stops_and_is_never_answered(revision: Revision) -> None:
    state: list[str] = []
    async with raw_peer(SERVER, state, revision=revision) as peer:
        waiting = await peer.begin("tools/call", {"name": "wait"})
        while "waiting" not in state:  # noqa: ASYNC110  the tool runs in this loop: a turn is enough
            await asyncio.sleep(0)
        cancelled = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": waiting}}
        await peer.send(cancelled)
        await call(peer, "echo", {"text": "x"})
        assert "cancelled" in state
        await peer.send(cancelled)
        await call(peer, "echo", {"text": "x"})
        assert peer.notifications == []


async def test_a_call_cancelled_before_it_began_leaves_nothing_behind() -> None:
    async with raw_peer(SERVER) as peer:
        for request_id in (7, 7):
            params = peer.stamped({"name": "wait"})
            await peer.send({"jsonrpc": "2.0", "id": request_id, "method": "tools/call", "params": params})
            await peer.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 7}})
            await call(peer, "echo", {"text": "x"})


async def test_an_id_in_flight_cannot_be_used_again() -> None:
    async with raw_peer(SERVER) as peer:
        request = {"jsonrpc": "2.0", "id": "x", "method": "tools/call", "params": peer.stamped({"name": "wait"})}
        await peer.send(request)
        await peer.send(request)
        reply = await peer.receive()
        assert (reply["error"]["code"], "id" in reply) == (-32600, False)
        await peer.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "x"}})


@pytest.mark.parametrize("revision", ELICITING)
@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ({"action": "accept", "content": {"name": "Alice", "extra": 1}}, "Hello, Alice!"),
        ({"action": "decline"}, "Nobody"),
        ({"action": "cancel"}, "Nobody"),
    ],
)
async def test_a_tool_asks_its_user_in_both_eras(revision: Revision, answer: dict[str, Any], text: str) -> None:
    state: list[str] = []
    async with raw_peer(SERVER, state, revision=revision, capabilities={"elicitation": {}}) as peer:
        if revision is Revision.V2026_07_28:
            asked = (await call(peer, "greet"))["result"]
            assert asked["resultType"] == "input_required"
            assert asked["inputRequests"]["question_1"]["method"] == "elicitation/create"
            retry = {"inputResponses": {"question_1": answer}, "requestState": asked["requestState"]}
            result = (await call(peer, "greet", **retry))["result"]
        else:
            running = await peer.begin("tools/call", {"name": "greet"})
            question = await peer.request()
            assert question["params"]["message"] == "Your name?"
            await peer.send({"jsonrpc": "2.0", "id": question["id"], "result": answer})
            result = (await peer.reply(running))["result"]
    assert result["content"][0]["text"] == text
    assert state == ["greeted"]


@pytest.mark.parametrize("answer", [{"action": "accept", "content": {"name": 5}}, {"action": "maybe"}, 12345, None])
async def test_m2_a_mistyped_answer_is_asked_again(answer: Any) -> None:
    async with raw_peer(SERVER, capabilities={"elicitation": {}}) as peer:
        asked = (await call(peer, "greet"))["result"]
        retry = {"inputResponses": {"question_1": answer}, "requestState": asked["requestState"]}
        assert (await call(peer, "greet", **retry))["result"]["resultType"] == "input_required"
        refused = await call(peer, "greet", inputResponses=[answer])
        assert refused["error"]["code"] == -32602


async def test_m1_a_changed_state_is_refused_and_nothing_runs() -> None:
    state: list[str] = []
    async with raw_peer(SERVER, state, capabilities={"elicitation": {}}) as peer:
        sealed = (await call(peer, "greet"))["result"]["requestState"]
        answers = {"question_1": {"action": "accept", "content": {"name": "A"}}}
        for bad in (sealed + "-TAMPERED", sealed[:-2], "A" + sealed[1:], ""):
            reply = await call(peer, "greet", inputResponses=answers, requestState=bad)
            assert reply["error"]["code"] == -32602
        other = await call(peer, "remove", inputResponses=answers, requestState=sealed)
        assert other["error"]["code"] == -32602
    assert state == []


async def test_an_answer_that_permits_a_write_counts_once() -> None:
    state: list[str] = []
    async with raw_peer(SERVER, state, capabilities={"elicitation": {}}) as peer:
        answers = {"confirm": {"action": "accept", "content": {"name": "A"}}}
        unasked = (await call(peer, "remove", inputResponses=answers))["result"]
        assert unasked["resultType"] == "input_required"
        retry = {"inputResponses": answers, "requestState": unasked["requestState"]}
        assert (await call(peer, "remove", **retry))["result"]["content"][0]["text"] == "Removed."
        assert (await call(peer, "remove", **retry))["error"]["code"] == -32602
    assert state == ["removed"]


@pytest.mark.parametrize("revision", ALL)
async def test_m3_a_client_that_cannot_be_asked_is_never_a_silent_yes(revision: Revision) -> None:
    state: list[str] = []
    async with raw_peer(SERVER, state, revision=revision) as peer:
        reply = await call(peer, "remove")
        polite = (await call(peer, "greet_or_not"))["result"]["content"][0]["text"]
    if revision is Revision.V2026_07_28:
        assert reply["error"]["code"] == -32021
        assert reply["error"]["data"] == {"requiredCapabilities": {"elicitation": {}}}
    else:
        assert reply["result"]["isError"] is True
    assert polite == "I cannot ask."
    assert state == []


@pytest.mark.parametrize("revision", LEGACY)
async def test_a_legacy_client_subscribes_to_a_resource(revision: Revision) -> None:
    state: list[str] = []
    async with raw_peer(SERVER, state, revision=revision) as peer:
        assert (await peer.call("resources/subscribe", {"uri": "note:///one"}))["result"] == {}
        updated = await peer.notification("notifications/resources/updated")
        assert updated["params"] == {"uri": "note:///one"}
        assert (await peer.call("resources/unsubscribe", {"uri": "note:///one"}))["result"] == {}
        missing = await peer.call("resources/subscribe", {"uri": "note:///two"})
        assert "error" in missing
    assert state == ["watched"]


async def test_a_modern_client_listens_and_is_granted_what_exists() -> None:
    async with raw_peer(SERVER) as peer:
        wanted = {
            "toolsListChanged": True,
            "promptsListChanged": True,
            "resourceSubscriptions": ["note:///one", "note:///two", "note:///index", "nonsense"],
        }
        listen = await peer.begin("subscriptions/listen", {"notifications": wanted})
        acknowledged = await peer.receive()
        assert acknowledged["method"] == "notifications/subscriptions/acknowledged"
        granted = {"toolsListChanged": True, "resourceSubscriptions": ["note:///one", "note:///index"]}
        assert acknowledged["params"]["notifications"] == granted
        assert acknowledged["params"]["_meta"] == {"io.modelcontextprotocol/subscriptionId": listen}
        updated = await peer.notification("notifications/resources/updated")
        meta = {"io.modelcontextprotocol/subscriptionId": listen}
        assert updated["params"] == {"_meta": meta, "uri": "note:///one"}
        await peer.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": listen}})


async def test_l5_a_server_that_stops_completes_its_subscriptions() -> None:
    async with SERVER.run(None) as app, join(app) as end:
        peer = RawPeer(end, Revision.V2026_07_28, {})
        listen = await peer.begin("subscriptions/listen", {"notifications": {"toolsListChanged": True}})
        await peer.receive()
        app.close()
        result = (await peer.reply(listen))["result"]
    assert result["resultType"] == "complete"
    assert result["_meta"]["io.modelcontextprotocol/subscriptionId"] == listen


@pytest.mark.parametrize("listener", [1, "1"])
async def test_l2_the_subscription_id_keeps_its_json_type(listener: Any) -> None:
    async with raw_peer(SERVER) as peer:
        params = peer.stamped({"notifications": {}})
        await peer.send({"jsonrpc": "2.0", "id": listener, "method": "subscriptions/listen", "params": params})
        acknowledged = await peer.receive()
        assert acknowledged["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"] == listener
        assert acknowledged["params"]["notifications"] == {}
        cancelled = {"requestId": listener}
        await peer.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": cancelled})


async def test_discover_says_what_is_served() -> None:
    async with raw_peer(SERVER) as peer:
        result = (await peer.call("server/discover"))["result"]
    assert result["supportedVersions"] == ["2026-07-28"]
    assert result["capabilities"]["tools"] == {"listChanged": True}
    assert result["capabilities"]["resources"] == {"subscribe": True}
    assert result["_meta"]["io.modelcontextprotocol/serverInfo"] == {"name": "small", "version": "1.2"}
    assert (result["ttlMs"], result["cacheScope"]) == (3_600_000, "public")


@pytest.mark.parametrize("revision", LEGACY)
async def test_the_handshake_says_who_answers(revision: Revision) -> None:
    async with SERVER.run(None) as app, join(app) as end:
        result = await RawPeer(end, revision, {}).shake_hands()
    assert result["protocolVersion"] == revision
    assert result["serverInfo"] == {"name": "small", "version": "1.2"}
    assert ("completions" in result["capabilities"]) == (revision >= Revision.V2025_03_26)


async def test_a_reply_over_the_limit_is_a_tool_error() -> None:
    async with raw_peer(SERVER, options=Options(limits=Limits(reply=1000))) as peer:
        result = (await call(peer, "echo", {"text": "x" * 2000}))["result"]
    assert result["content"][0]["text"].startswith("too_large: ")


async def test_a_batch_is_answered_in_one_array() -> None:
    async with raw_peer(SERVER, revision="2025-03-26") as peer:
        request = {"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "echo", "arguments": {"text": "x"}}}
        await peer.send([request | {"id": "a"}, {"jsonrpc": "2.0", "method": "notifications/x"}, request | {"id": "b"}])
        replies: Any = await peer.receive()
        assert sorted(reply["id"] for reply in replies) == ["a", "b"]
        await peer.send([{"jsonrpc": "2.0", "method": "notifications/x"}])
        assert (await peer.call("ping"))["result"] == {}
