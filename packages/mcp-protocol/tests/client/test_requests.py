"""Requests of a client, message by message: envelopes, results, pages, progress, deadlines, cancellation, loss."""

import asyncio
from typing import Any

import pytest

from mcp_protocol.client import Answers, Client, RemoteError
from mcp_protocol.errors import ConnectionLost, DeadlineExceeded, RemoteProtocolError
from mcp_protocol.types import LoggingMessageParams, ProgressParams, PromptReference, Text
from tests.scripted import PATIENCE, Message, Scripted, error, notice, result

ERAS = ["2026-07-28", "2025-11-25"]
DONE = {"content": [{"type": "text", "text": "done"}]}


def done(message: Message) -> list[Message]:
    return [result(message, DONE)] if "id" in message else []


def never(_: Message) -> list[Message]:
    return []


@pytest.mark.parametrize("revision", ERAS)
async def test_a_tool_is_called_and_its_result_typed(revision: str) -> None:
    server = Scripted(done, revision=revision)
    async with Client(server) as client:
        found = await client.call_tool("t", {"a": 1})
    assert found.content == [Text("done")]
    assert (server.sent[-1]["method"], server.sent[-1]["params"]["name"]) == ("tools/call", "t")
    assert server.sent[-1]["params"]["arguments"] == {"a": 1}
    assert ("_meta" in server.sent[-1]["params"]) is (revision == "2026-07-28")


async def test_absent_arguments_stay_absent() -> None:
    server = Scripted(done)
    async with Client(server) as client:
        await client.call_tool("t")
    assert "arguments" not in server.sent[-1]["params"]


async def test_metadata_of_the_caller_goes_beside_the_envelope() -> None:
    server = Scripted(done)
    async with Client(server) as client:
        await client.call_tool("t", meta={"traceparent": "00-1-2-03"})
    meta = server.sent[-1]["params"]["_meta"]
    assert meta["traceparent"] == "00-1-2-03"
    assert meta["io.modelcontextprotocol/protocolVersion"] == "2026-07-28"


async def test_every_request_has_an_id_of_its_own() -> None:
    server = Scripted(done)
    async with Client(server) as client, asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(client.call_tool("t"))
    ids = [message["id"] for message in server.sent]
    assert len(set(ids)) == len(ids) == 21


async def test_answers_find_their_request_in_any_order() -> None:
    held: list[Message] = []

    def backwards(message: Message) -> list[Message]:
        held.append(message)
        if len(held) < 3:
            return []
        return [result(one, {"content": [{"type": "text", "text": one["params"]["name"]}]}) for one in reversed(held)]

    async with Client(Scripted(backwards)) as client, asyncio.TaskGroup() as group:
        calls = {name: group.create_task(client.call_tool(name)) for name in "abc"}
    assert {name: call.result().content for name, call in calls.items()} == {name: [Text(name)] for name in "abc"}


async def test_an_error_is_raised_with_its_code_and_data() -> None:
    def missing(message: Message) -> list[Message]:
        return [error(message, -32602, "Resource not found", {"uri": "a:b"})]

    async with Client(Scripted(missing)) as client:
        with pytest.raises(RemoteError, match=r"Resource not found \(-32602\)") as caught:
            await client.read_resource("a:b")
    assert (caught.value.code, caught.value.data) == (-32602, {"uri": "a:b"})


@pytest.mark.parametrize(
    "found",
    [
        {},
        {"content": 1},
        {"content": [{"type": "video"}]},
        {"content": [], "resultType": "other"},
        {"content": [], "resultType": 1},
    ],
)
async def test_a_result_that_is_none_is_a_fault_of_the_server(found: Message) -> None:
    async with Client(Scripted(lambda message: [result(message, found)])) as client:
        with pytest.raises(RemoteProtocolError):
            await client.call_tool("t")


@pytest.mark.parametrize("revision", ERAS)
async def test_lists_are_followed_to_their_last_page(revision: str) -> None:
    pages = {None: ("a", ""), "": ("b", "c2"), "c2": ("c", None)}

    def page(message: Message) -> list[Message]:
        name, following = pages[message.get("params", {}).get("cursor")]
        prompts = [{"name": name}]
        return [result(message, {"prompts": prompts} | ({} if following is None else {"nextCursor": following}))]

    def script(message: Message) -> list[Message]:
        return page(message) if message["method"] == "prompts/list" else []

    async with Client(Scripted(script, revision=revision)) as client:
        assert [prompt.name for prompt in await client.list_prompts()] == ["a", "b", "c"]


async def test_a_list_that_never_ends_is_given_up() -> None:
    def page(message: Message) -> list[Message]:
        return [result(message, {"resources": [], "nextCursor": "more"})]

    async with Client(Scripted(page)) as client:
        with pytest.raises(RemoteProtocolError, match="1000 pages"):
            await client.list_resources()


async def test_all_lists_have_their_own_type() -> None:
    lists: dict[str, Message] = {
        "tools/list": {"tools": [{"name": "t", "inputSchema": {"type": "object"}}]},
        "resources/list": {"resources": [{"name": "r", "uri": "a:r"}]},
        "resources/templates/list": {"resourceTemplates": [{"name": "x", "uriTemplate": "a:{x}"}]},
    }
    async with Client(Scripted(lambda message: [result(message, lists[message["method"]])])) as client:
        assert [tool.name for tool in await client.list_tools()] == ["t"]
        assert [resource.uri for resource in await client.list_resources()] == ["a:r"]
        assert [template.uri_template for template in await client.list_resource_templates()] == ["a:{x}"]


async def test_a_tool_with_a_broken_header_annotation_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    bad = {"type": "object", "properties": {"a": {"type": "number", "x-mcp-header": "A"}}}
    tools = [{"name": "good", "inputSchema": {"type": "object"}}, {"name": "bad", "inputSchema": bad}]
    async with Client(Scripted(lambda message: [result(message, {"tools": tools})])) as client:
        assert [tool.name for tool in await client.list_tools()] == ["good"]
    assert "left out the tool 'bad'" in caplog.text


async def test_completion_sends_the_reference_and_what_was_typed() -> None:
    server = Scripted(lambda message: [result(message, {"completion": {"values": ["x"]}})])
    async with Client(server) as client:
        found = await client.complete(PromptReference(name="p"), "lang", "py", {"a": "b"})
    assert found.values == ["x"]
    params = server.sent[-1]["params"]
    assert params["ref"] == {"type": "ref/prompt", "name": "p"}
    assert params["argument"] == {"name": "lang", "value": "py"}
    assert params["context"] == {"arguments": {"a": "b"}}


async def test_prompts_are_filled_in() -> None:
    message = {"role": "user", "content": {"type": "text", "text": "hi"}}
    server = Scripted(lambda request: [result(request, {"messages": [message]})])
    async with Client(server) as client:
        assert (await client.get_prompt("p", {"a": "b"})).messages[0].content == Text("hi")
        await client.get_prompt("q")
    assert server.sent[-2]["params"]["arguments"] == {"a": "b"}
    assert "arguments" not in server.sent[-1]["params"]


@pytest.mark.parametrize("revision", ERAS)
async def test_progress_is_told_while_the_request_runs_and_not_after(revision: str) -> None:
    def steps(message: Message) -> list[Message]:
        if message["method"] != "tools/call":
            return []
        token = message["params"]["_meta"]["progressToken"]
        step = [notice("notifications/progress", progressToken=token, progress=n, message=f"{n}") for n in (1, 2, 3)]
        other = notice("notifications/progress", progressToken="other", progress=9)
        return [step[0], other, step[1], result(message, DONE), step[2]]

    heard: list[ProgressParams] = []
    async with Client(Scripted(steps, revision=revision)) as client:
        await client.call_tool("t", on_progress=heard.append)
        await client.call_tool("t", on_progress=lambda _: None)
    assert [(step.progress, step.message) for step in heard] == [(1, "1"), (2, "2")]


async def test_a_callback_that_fails_does_not_end_the_connection(caplog: pytest.LogCaptureFixture) -> None:
    def step(message: Message) -> list[Message]:
        token = message["params"]["_meta"]["progressToken"]
        return [notice("notifications/progress", progressToken=token, progress=1), result(message, DONE)]

    def fail(_: ProgressParams) -> None:
        raise ZeroDivisionError

    async with Client(Scripted(step)) as client:
        assert await client.call_tool("t", on_progress=fail)
    assert "a callback failed" in caplog.text


@pytest.mark.parametrize("revision", ERAS)
async def test_a_log_level_is_set_for_the_session_or_for_each_request(revision: str) -> None:
    def script(message: Message) -> list[Message]:
        line = notice("notifications/message", level="info", data="x")
        return [line, result(message, DONE)] if "id" in message else []

    heard: list[LoggingMessageParams] = []
    server = Scripted(script, revision=revision)
    async with Client(server, answers=Answers(log=heard.append)) as client:
        await client.set_level("info")
        await client.call_tool("t")
    assert heard[-1].data == "x"
    if revision == "2026-07-28":
        assert server.sent[-1]["params"]["_meta"]["io.modelcontextprotocol/logLevel"] == "info"
    else:
        assert server.sent[-2]["params"] == {"level": "info"}


@pytest.mark.parametrize(("revision", "method"), [("2026-07-28", "server/discover"), ("2025-11-25", "ping")])
async def test_a_ping_is_what_the_revision_has_for_it(revision: str, method: str) -> None:
    server = Scripted(lambda message: [result(message, {})] if "id" in message else [], revision=revision)
    async with Client(server) as client:
        await client.ping()
    assert server.sent[-1]["method"] == method


@pytest.mark.parametrize("revision", ERAS)
async def test_a_cancelled_call_is_cancelled_at_the_server(revision: str) -> None:
    server = Scripted(never, revision=revision)
    async with Client(server) as client, asyncio.TaskGroup() as group:
        call = group.create_task(client.call_tool("t"))
        asked = await server.until("tools/call")
        call.cancel()
        cancelled = await server.until("notifications/cancelled")
    assert cancelled["params"] == {"requestId": asked["id"]}


async def test_an_answer_after_the_cancellation_is_ignored() -> None:
    def late(message: Message) -> list[Message]:
        if message["method"] == "notifications/cancelled":
            return [{"jsonrpc": "2.0", "id": message["params"]["requestId"], "result": DONE}]
        return done(message) if message.get("params", {}).get("name") == "quick" else []

    server = Scripted(late)
    async with Client(server) as client:
        with pytest.raises(DeadlineExceeded, match=r"tools/call within 0\.05 s"):
            await client.call_tool("slow", deadline=0.05)
        assert await client.call_tool("quick")


@pytest.mark.parametrize("revision", ERAS)
async def test_what_waits_when_the_server_leaves_is_lost_and_so_is_what_follows(revision: str) -> None:
    server = Scripted(never, revision=revision)
    async with Client(server) as client:
        async with asyncio.TaskGroup() as group:
            call = group.create_task(_lost(client))
            await server.until("tools/call")
            server.end()
        assert call.result()
        assert await _lost(client)


async def _lost(client: Client) -> bool:
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(ConnectionLost):
            await client.call_tool("t")
    return True


async def test_any_method_can_be_asked_for_its_raw_result() -> None:
    server = Scripted(lambda message: [result(message, {"x": 1})])
    async with Client(server) as client:
        assert bytes(await client.request("own/method", {"a": 1})) == b'{"x": 1}'
    assert server.sent[-1]["params"]["a"] == 1


@pytest.mark.parametrize(
    "notification",
    [notice("notifications/progress"), notice("notifications/message"), notice("notifications/cancelled")],
)
async def test_malformed_notifications_are_ignored(notification: Message, caplog: pytest.LogCaptureFixture) -> None:
    async with Client(Scripted(lambda message: [notification, result(message, DONE)])) as client:
        assert await client.call_tool("t")
    assert "malformed" in caplog.text


@pytest.mark.parametrize("noise", [b"", b"hello", b"{}", b"[]", b'{"jsonrpc":"2.0","id":99,"result":{}}', b"\xff"])
async def test_noise_of_the_server_is_ignored(noise: bytes) -> None:
    def noisy(message: Message) -> list[Any]:
        return [noise, result(message, DONE)]

    async with Client(Scripted(noisy)) as client:
        assert await client.call_tool("t")


async def test_the_answers_of_a_batch_are_taken_one_by_one() -> None:
    def batch(message: Message) -> list[bytes]:
        body = b'[{"jsonrpc":"2.0","method":"notifications/x"},{"jsonrpc":"2.0","id":%d,"result":{"content":[]}}]'
        return [body % message["id"]] if "id" in message else []

    async with Client(Scripted(batch, revision="2025-03-26")) as client:
        assert (await client.call_tool("t")).content == []


async def test_what_a_block_raises_is_raised_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError):
        async with Client(Scripted(never)):
            raise ZeroDivisionError
