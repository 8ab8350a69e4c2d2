"""A small server driven by hand in all five revisions: replies, failures, lists, progress, cancellation."""

import asyncio
import logging
from typing import Any

import pytest
from msgspec import json

from mcp_protocol.limits import Limits
from mcp_protocol.revisions import LEGACY, Revision
from mcp_protocol.server.app import Options, Server
from mcp_protocol.testing.raw import RawPeer, raw_peer
from mcp_protocol.transports.memory import join

ALL = list(Revision)
ELICITING = [Revision.V2025_06_18, Revision.V2025_11_25, Revision.V2026_07_28]


async def call(peer: RawPeer, tool: str, arguments: dict[str, Any] | None = None, **params: Any) -> dict[str, Any]:
    return await peer.call("tools/call", {"name": tool, "arguments": arguments or {}, **params})


@pytest.mark.parametrize("revision", ALL)
async def test_a_tool_answers_in_every_revision(small: Server[Any, Any], revision: Revision) -> None:
    async with raw_peer(small, revision=revision) as peer:
        result = (await call(peer, "echo", {"text": "ä\n\u2028"}))["result"]
    assert json.decode(result["content"][0]["text"]) == {"said": "ä\n\u2028"}
    assert ("structuredContent" in result) == (revision >= Revision.V2025_06_18)
    assert ("resultType" in result) == (revision is Revision.V2026_07_28)


@pytest.mark.parametrize("revision", ALL)
async def test_a_tools_failure_is_a_result_for_the_model(small: Server[Any, Any], revision: Revision) -> None:
    async with raw_peer(small, revision=revision) as peer:
        result = (await call(peer, "fail"))["result"]
    assert result["isError"] is True
    assert result["content"] == [{"type": "text", "text": "monday: It is Monday. Try Tuesday."}]
    assert "structuredContent" not in result
    facts = {"code": "monday", "message": "It is Monday.", "hint": "Try Tuesday.", "retryable": True}
    assert result["_meta"]["mcp-ref/error"] == facts


@pytest.mark.parametrize("revision", ALL)
async def test_a_crash_tells_the_peer_an_id_and_the_log_the_rest(
    small: Server[Any, Any], revision: Revision, caplog: pytest.LogCaptureFixture
) -> None:
    async with raw_peer(small, revision=revision) as peer:
        with caplog.at_level(logging.ERROR):
            error = (await call(peer, "crash"))["error"]
    assert error["code"] == -32603
    assert error["message"].startswith("Internal error (id ")
    assert "42" not in str(error)
    assert "the secret is 42" in caplog.text


@pytest.mark.parametrize("revision", ALL)
async def test_t2_unknown_tools_are_invalid_params_with_a_suggestion(
    small: Server[Any, Any], revision: Revision
) -> None:
    async with raw_peer(small, revision=revision) as peer:
        errors = [(await call(peer, name))["error"] for name in ("ecco", "ECHO", "echo\n", "x" * 1_000_000)]
    assert [error["code"] for error in errors] == [-32602] * 4
    assert "did you mean 'echo'" in errors[0]["message"]
    assert max(len(error["message"]) for error in errors) < 200


@pytest.mark.parametrize("revision", ALL)
async def test_wrong_arguments_are_explained_to_the_model(small: Server[Any, Any], revision: Revision) -> None:
    async with raw_peer(small, revision=revision) as peer:
        result = (await call(peer, "echo", {"txt": "x"}))["result"]
    assert result["isError"] is True
    assert "text" in result["content"][0]["text"]


@pytest.mark.parametrize("revision", ALL)
async def test_a_tool_over_its_deadline_is_a_timeout(small: Server[Any, Any], revision: Revision) -> None:
    async with raw_peer(small, revision=revision) as peer:
        result = (await call(peer, "dawdle"))["result"]
    assert result["content"][0]["text"] == "timeout: The call took longer than 0.05 seconds."


@pytest.mark.parametrize("revision", ALL)
async def test_a_missing_resource_is_named_with_the_code_of_its_revision(
    small: Server[Any, Any], revision: Revision
) -> None:
    async with raw_peer(small, revision=revision) as peer:
        found = await peer.call("resources/read", {"uri": "note:///one"})
        missing = [(await peer.call("resources/read", {"uri": uri}))["error"] for uri in ("note:///two", "other:x")]
    assert found["result"]["contents"][0]["text"] == "first note"
    code = -32602 if revision is Revision.V2026_07_28 else -32002
    assert [(error["code"], error["data"]["uri"]) for error in missing] == [(code, "note:///two"), (code, "other:x")]


@pytest.mark.parametrize("revision", ALL)
async def test_prompts_and_completions_answer(small: Server[Any, Any], revision: Revision) -> None:
    async with raw_peer(small, revision=revision) as peer:
        prompt = (await peer.call("prompts/get", {"name": "ask_about", "arguments": {"topic": "time"}}))["result"]
        complete = {"ref": {"type": "ref/prompt", "name": "ask_about"}, "argument": {"name": "topic", "value": "a"}}
        values = (await peer.call("completion/complete", complete))["result"]["completion"]["values"]
        unknown = {"ref": {"type": "ref/prompt", "name": "?"}, "argument": {"name": "topic", "value": "a"}}
        refused = await peer.call("completion/complete", unknown)
    assert prompt["messages"] == [{"role": "user", "content": {"type": "text", "text": "What is time?"}}]
    assert values == ["apples"]
    assert refused["error"]["code"] == -32602


@pytest.mark.parametrize("revision", ALL)
async def test_lists_are_complete_and_the_same_every_time(small: Server[Any, Any], revision: Revision) -> None:
    async with raw_peer(small, revision=revision) as peer:
        lists = [(await peer.call("tools/list"))["result"] for _ in range(2)]
        resources = (await peer.call("resources/list"))["result"]["resources"]
        templates = (await peer.call("resources/templates/list"))["result"]["resourceTemplates"]
        prompts = (await peer.call("prompts/list"))["result"]["prompts"]
    assert lists[0] == lists[1]
    assert [tool["name"] for tool in lists[0]["tools"]] == [tool.name for tool in small.tools]
    assert [one["uri"] for one in resources] == ["note:///index"]
    assert [one["uriTemplate"] for one in templates] == ["note:///{name}"]
    assert [one["name"] for one in prompts] == ["ask_about"]
    assert ("ttlMs" in lists[0]) == (revision is Revision.V2026_07_28)


@pytest.mark.parametrize("revision", ALL)
async def test_t4_pages_give_every_tool_once_and_bad_cursors_are_refused(
    small: Server[Any, Any], revision: Revision
) -> None:
    async with raw_peer(small, revision=revision, options=Options(limits=Limits(page=4))) as peer:
        names: list[str] = []
        cursor = None
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
    assert names == [tool.name for tool in small.tools]
    assert errors == [-32602] * 6


@pytest.mark.parametrize("revision", ALL)
async def test_progress_and_logs_come_before_the_result(small: Server[Any, Any], revision: Revision) -> None:
    async with raw_peer(small, revision=revision) as peer:
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
async def test_a_cancelled_call_stops_and_is_never_answered(small: Server[Any, Any], revision: Revision) -> None:
    state: list[str] = []
    async with raw_peer(small, state, revision=revision) as peer:
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


async def test_a_call_cancelled_before_it_began_leaves_nothing_behind(small: Server[Any, Any]) -> None:
    async with raw_peer(small) as peer:
        for request_id in (7, 7):
            params = peer.stamped({"name": "wait"})
            await peer.send({"jsonrpc": "2.0", "id": request_id, "method": "tools/call", "params": params})
            await peer.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 7}})
            await call(peer, "echo", {"text": "x"})


async def test_an_id_in_flight_cannot_be_used_again(small: Server[Any, Any]) -> None:
    async with raw_peer(small) as peer:
        request = {"jsonrpc": "2.0", "id": "x", "method": "tools/call", "params": peer.stamped({"name": "wait"})}
        await peer.send(request)
        await peer.send(request)
        reply = await peer.receive()
        assert (reply["error"]["code"], "id" in reply) == (-32600, False)
        await peer.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "x"}})


async def test_discover_says_what_is_served(small: Server[Any, Any]) -> None:
    async with raw_peer(small) as peer:
        result = (await peer.call("server/discover"))["result"]
    assert result["supportedVersions"] == ["2026-07-28"]
    assert result["capabilities"]["tools"] == {"listChanged": True}
    assert result["capabilities"]["resources"] == {"subscribe": True}
    assert result["_meta"]["io.modelcontextprotocol/serverInfo"] == {"name": "small", "version": "1.2"}
    assert (result["ttlMs"], result["cacheScope"]) == (3_600_000, "public")


@pytest.mark.parametrize("revision", LEGACY)
async def test_the_handshake_says_who_answers(small: Server[Any, Any], revision: Revision) -> None:
    async with small.run(None) as app, join(app) as end:
        result = await RawPeer(end, revision, {}).shake_hands()
    assert result["protocolVersion"] == revision
    assert result["serverInfo"] == {"name": "small", "version": "1.2"}
    assert ("completions" in result["capabilities"]) == (revision >= Revision.V2025_03_26)


async def test_a_reply_over_the_limit_is_a_tool_error(small: Server[Any, Any]) -> None:
    async with raw_peer(small, options=Options(limits=Limits(reply=1000))) as peer:
        result = (await call(peer, "echo", {"text": "x" * 2000}))["result"]
    assert result["content"][0]["text"].startswith("too_large: ")


async def test_a_batch_is_answered_in_one_array(small: Server[Any, Any]) -> None:
    async with raw_peer(small, revision="2025-03-26") as peer:
        request = {"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "echo", "arguments": {"text": "x"}}}
        await peer.send([request | {"id": "a"}, {"jsonrpc": "2.0", "method": "notifications/x"}, request | {"id": "b"}])
        replies: Any = await peer.receive()
        assert sorted(reply["id"] for reply in replies) == ["a", "b"]
        await peer.send([{"jsonrpc": "2.0", "method": "notifications/x"}])
        assert (await peer.call("ping"))["result"] == {}


async def test_an_id_stands_once_in_a_batch(small: Server[Any, Any]) -> None:
    async with raw_peer(small, revision="2025-03-26") as peer:
        request = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": "echo", "arguments": {"text": "x"}},
        }
        await peer.send([request, request, request | {"id": "1"}])
        replies: Any = await peer.receive()
    assert sorted(str(reply.get("id")) for reply in replies) == ["1", "1", "None"]
    assert [reply["error"]["code"] for reply in replies if "error" in reply] == [-32600]


async def test_params_of_the_wrong_type_are_named(small: Server[Any, Any]) -> None:
    async with raw_peer(small) as peer:
        wrong: dict[str, Any] = {"name": "echo", "arguments": {"text": "x"}, "inputResponses": []}
        refused = await peer.call("tools/call", wrong)
    assert "`inputResponses` is not of the right type" in refused["error"]["message"]


@pytest.mark.parametrize("revision", ALL)
async def test_t7_completions_of_nonsense_are_refused_or_empty_and_never_large(
    small: Server[Any, Any], revision: Revision
) -> None:
    """A huge prefix, unknown references and arguments, wrong types: the server goes on."""
    known = {"type": "ref/prompt", "name": "ask_about"}
    topic = {"name": "topic", "value": "a"}
    wrong: list[dict[str, Any]] = [
        {"ref": {"type": "ref/prompt", "name": "ask_about\n"}, "argument": topic},
        {"ref": {"type": "ref/resource", "uri": "note:///{unknown}"}, "argument": topic},
        {"ref": {"type": "ref/other", "name": "ask_about"}, "argument": topic},
        {"ref": known, "argument": {"name": "topic", "value": 1}},
        {"ref": known, "argument": {"name": "topic"}},
        {"ref": known, "argument": topic, "context": {"arguments": {"topic": 1}}},
        {"ref": None, "argument": topic},
        {"argument": topic},
    ]
    async with raw_peer(small, revision=revision) as peer:
        huge = {"ref": known, "argument": {"name": "topic", "value": "x" * 1_000_000}}
        other = {"ref": known, "argument": {"name": "other", "value": "a"}}
        found = [await peer.call("completion/complete", params) for params in (huge, other)]
        refusals = [await peer.call("completion/complete", params) for params in wrong]
    assert [reply["result"]["completion"]["values"] for reply in found] == [[], []]
    assert [refusal.get("error", {}).get("code") for refusal in refusals] == [-32602] * len(wrong)
    assert max(len(str(refusal)) for refusal in refusals) < 500
