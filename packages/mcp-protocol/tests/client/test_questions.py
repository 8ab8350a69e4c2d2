"""Questions of the server: requests of their own in legacy sessions, rounds of one request since 2026-07-28."""

import asyncio
from collections.abc import Sequence

import pytest

from mcp_protocol.client import Answers, Client
from mcp_protocol.errors import RemoteProtocolError
from mcp_protocol.types import (
    ClientCapabilities,
    CreateMessageParams,
    CreateMessageResult,
    ElicitParams,
    ElicitResult,
    Root,
    Text,
)
from tests.scripted import PATIENCE, Message, Scripted, result

FORM = {"type": "object", "properties": {"name": {"type": "string"}}}
DONE = {"content": [{"type": "text", "text": "done"}]}


async def elicit(params: ElicitParams) -> ElicitResult:
    return ElicitResult(action="accept", content={"name": params.message})


async def sample(params: CreateMessageParams) -> CreateMessageResult:
    return CreateMessageResult(role="assistant", content=Text(str(params.max_tokens)), model="m")


async def roots() -> Sequence[Root]:
    return [Root("file:///home", "home")]


ALL = Answers(elicit=elicit, sample=sample, roots=roots)


def asking(method: str, params: Message | None = None) -> Scripted:
    """A legacy server that asks once a tool is called, and answers the call after that."""
    held: list[Message] = []

    def script(message: Message) -> list[Message]:
        if message.get("method") == "tools/call":
            held.append(message)
            question = {"jsonrpc": "2.0", "id": "q", "method": method}
            return [question if params is None else question | {"params": params}]
        return [result(held.pop(), DONE)] if "method" not in message else []

    return Scripted(script, revision="2025-11-25")


@pytest.mark.parametrize(
    ("method", "params", "answer"),
    [
        ("ping", None, {"result": {}}),
        ("roots/list", None, {"result": {"roots": [{"uri": "file:///home", "name": "home"}]}}),
        (
            "elicitation/create",
            {"message": "Who?", "requestedSchema": FORM},
            {"result": {"action": "accept", "content": {"name": "Who?"}}},
        ),
        (
            "sampling/createMessage",
            {"messages": [], "maxTokens": 7},
            {"result": {"role": "assistant", "content": {"type": "text", "text": "7"}, "model": "m"}},
        ),
        ("sampling/createMessage", {}, {"error": {"code": -32602, "message": "The question is malformed"}}),
        ("tools/list", None, {"error": {"code": -32601, "message": "This client cannot be asked that"}}),
    ],
)
async def test_a_legacy_server_is_answered(method: str, params: Message | None, answer: Message) -> None:
    server = asking(method, params)
    async with Client(server, answers=ALL) as client:
        await client.call_tool("t")
    assert server.sent[-1] == {"jsonrpc": "2.0", "id": "q"} | answer


@pytest.mark.parametrize("method", ["roots/list", "elicitation/create", "sampling/createMessage"])
async def test_what_was_not_offered_is_not_answered(method: str) -> None:
    server = asking(method)
    async with Client(server) as client:
        await client.call_tool("t")
    assert server.sent[-1]["error"]["code"] == -32601


async def test_a_callback_that_fails_tells_the_server_no_more_than_that(caplog: pytest.LogCaptureFixture) -> None:
    async def fail(_: ElicitParams) -> ElicitResult:
        raise RuntimeError("a secret")

    server = asking("elicitation/create", {"message": "Who?", "requestedSchema": FORM})
    async with Client(server, answers=Answers(elicit=fail)) as client:
        await client.call_tool("t")
    assert server.sent[-1]["error"] == {"code": -32603, "message": "The client could not answer"}
    assert "a secret" in caplog.text


async def test_a_question_that_the_server_takes_back_is_dropped() -> None:
    dropped = asyncio.Event()
    asked = asyncio.Event()

    async def ponder(_: ElicitParams) -> ElicitResult:
        asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            dropped.set()
        raise AssertionError

    server = asking("elicitation/create", {"message": "Who?", "requestedSchema": FORM})
    client = Client(server, answers=Answers(elicit=ponder))
    async with asyncio.timeout(PATIENCE), client, asyncio.TaskGroup() as group:
        call = group.create_task(client.call_tool("t"))
        await asked.wait()
        server.say({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "q"}})
        await dropped.wait()
        call.cancel()
    assert not any("result" in message or "error" in message for message in server.sent)


@pytest.mark.parametrize(
    ("answers", "offered"),
    [
        (Answers(), {}),
        (ALL, {"elicitation": {"form": {}, "url": {}}, "sampling": {}, "roots": {}}),
        (Answers(roots=roots), {"roots": {}}),
    ],
)
async def test_capabilities_are_what_the_callbacks_amount_to(answers: Answers, offered: Message) -> None:
    server = Scripted(lambda _: [])
    async with Client(server, answers=answers):
        pass
    assert server.sent[0]["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"] == offered


async def test_capabilities_may_be_given() -> None:
    server = Scripted(lambda _: [])
    async with Client(server, capabilities=ClientCapabilities(extensions={"x/y": {}})):
        pass
    meta = server.sent[0]["params"]["_meta"]
    assert meta["io.modelcontextprotocol/clientCapabilities"] == {"extensions": {"x/y": {}}}


async def test_changed_roots_are_told_to_a_legacy_server_only() -> None:
    legacy, modern = Scripted(lambda _: [], revision="2025-11-25"), Scripted(lambda _: [])
    for server in (legacy, modern):
        async with Client(server, answers=ALL) as client:
            await client.roots_changed()
    assert legacy.sent[-1]["method"] == "notifications/roots/list_changed"
    assert modern.sent[-1]["method"] == "server/discover"


async def test_a_modern_server_has_no_requests_of_its_own() -> None:
    def script(message: Message) -> list[Message]:
        return [{"jsonrpc": "2.0", "id": 1, "method": "roots/list"}, result(message, DONE)]

    server = Scripted(script)
    async with Client(server, answers=ALL) as client:
        await client.call_tool("t")
    assert [message.get("method") for message in server.sent] == ["server/discover", "tools/call"]


def rounds(*asked: Message) -> Scripted:
    """A modern server that asks these in turn, and then is done."""
    left = list(asked)

    def script(message: Message) -> list[Message]:
        return [result(message, left.pop(0) | {"resultType": "input_required"} if left else DONE)]

    return Scripted(script)


QUESTION = {"method": "elicitation/create", "params": {"message": "Who?", "requestedSchema": FORM}}


async def test_the_same_request_is_repeated_with_the_answers_under_a_new_id() -> None:
    state = 'opaque \u00e9\u2028 \n"{}'
    server = rounds(
        {"inputRequests": {"who": QUESTION, "where": {"method": "roots/list"}}, "requestState": state},
        {"inputRequests": {"more": {"method": "sampling/createMessage", "params": {"messages": [], "maxTokens": 1}}}},
        {"requestState": ""},
    )
    async with Client(server, answers=ALL) as client:
        found = await client.call_tool("t", {"a": 1}, meta={"x": 1})
    assert found.content == [Text("done")]
    first, second, third, fourth = [message["params"] for message in server.sent[1:]]
    assert len({message["id"] for message in server.sent}) == 5
    assert first.keys() == {"name", "arguments", "_meta"}
    assert second == first | {
        "inputResponses": {
            "who": {"action": "accept", "content": {"name": "Who?"}},
            "where": {"roots": [{"uri": "file:///home", "name": "home"}]},
        },
        "requestState": state,
    }
    assert third.keys() == {"name", "arguments", "_meta", "inputResponses"}
    assert third["inputResponses"].keys() == {"more"}
    assert fourth == first | {"requestState": ""}


@pytest.mark.parametrize("method", ["prompts/get", "resources/read"])
async def test_prompts_and_resources_may_ask_too(method: str) -> None:
    left = [{"resultType": "input_required", "inputRequests": {"who": QUESTION}}]

    def script(message: Message) -> list[Message]:
        return [result(message, left.pop() if left else {"messages": [], "contents": []})]

    server = Scripted(script)
    async with Client(server, answers=ALL) as client:
        await (client.get_prompt("p") if method == "prompts/get" else client.read_resource("a:b"))
    assert server.sent[-1]["method"] == method
    assert server.sent[-1]["params"]["inputResponses"].keys() == {"who"}


async def test_a_server_that_asks_ten_times_is_given_up() -> None:
    server = rounds(*[{"requestState": str(number)} for number in range(20)])
    async with Client(server, answers=ALL) as client:
        with pytest.raises(RemoteProtocolError, match="asked 10 times"):
            await client.call_tool("t")
    assert len([message for message in server.sent if message["method"] == "tools/call"]) == 11


async def test_a_server_may_ask_ten_times() -> None:
    server = rounds(*[{"requestState": str(number)} for number in range(10)])
    async with Client(server, answers=ALL) as client:
        assert await client.call_tool("t")


async def test_a_question_that_was_not_offered_is_a_fault_of_the_server() -> None:
    async with Client(rounds({"inputRequests": {"who": QUESTION}})) as client:
        with pytest.raises(RemoteProtocolError, match="elicitation/create"):
            await client.call_tool("t")


async def test_a_callback_that_fails_fails_the_call() -> None:
    async def fail(_: ElicitParams) -> ElicitResult:
        raise ZeroDivisionError

    async with Client(rounds({"inputRequests": {"who": QUESTION}}), answers=Answers(elicit=fail)) as client:
        with pytest.raises(ZeroDivisionError):
            await client.call_tool("t")
