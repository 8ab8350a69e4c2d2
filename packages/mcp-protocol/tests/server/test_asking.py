"""Pages to visit, models to ask, roots to list: in both eras, refused, silent and answered with nonsense."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from mcp_protocol import Context, Limits, Options, Server, Toolset
from mcp_protocol.revisions import LEGACY, Revision
from mcp_protocol.testing import RawPeer, raw_peer
from mcp_protocol.types import SamplingMessage, Text

tools = Toolset[None]("tools")
Ctx = Context[None]
ABLE: dict[str, Any] = {"elicitation": {"form": {}, "url": {}}, "sampling": {}, "roots": {}}
BOTH = [Revision.V2025_11_25, Revision.V2026_07_28]


@tools.tool()
async def visit(ctx: Ctx) -> str:
    """Send the user to a page."""
    return str(await ctx.visit("https://example.com/key", "Enter the key there."))


@tools.tool()
async def sample(ctx: Ctx) -> str:
    """Ask the model, with a conversation."""
    talk = [
        SamplingMessage(role="user", content=Text("Capital?")),
        SamplingMessage(role="assistant", content=Text("Of?")),
    ]
    said = await ctx.sample(talk, max_tokens=9, system="Be brief.")
    return said.model


@tools.tool()
async def roots(ctx: Ctx) -> str:
    """Where the user works, twice."""
    first = await ctx.list_roots()
    return " ".join(root.uri for root in [*first, *await ctx.list_roots()])


@asynccontextmanager
async def lifespan(settings: None) -> AsyncGenerator[None]:
    yield settings


SERVER = Server("t", type(None), lifespan, toolsets=[tools])


async def asked(peer: RawPeer, tool: str, *answers: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The questions of a tool, and its result when each got the next of the answers."""
    questions: list[dict[str, Any]] = []
    if peer.revision is not Revision.V2026_07_28:
        running = await peer.begin("tools/call", {"name": tool})
        for answer in answers:
            question = await peer.request()
            questions.append(question)
            await peer.send({"jsonrpc": "2.0", "id": question["id"], "result": answer})
        return questions, (await peer.reply(running))["result"]
    more: dict[str, Any] = {}
    for answer in answers:
        found = (await peer.call("tools/call", {"name": tool, **more}))["result"]
        [(key, question)] = found["inputRequests"].items()
        questions.append(question)
        more = {"inputResponses": {key: answer}, "requestState": found["requestState"]}
    return questions, (await peer.call("tools/call", {"name": tool, **more}))["result"]


@pytest.mark.parametrize("revision", BOTH)
@pytest.mark.parametrize("action", ["accept", "decline", "cancel"])
async def test_the_user_is_sent_to_a_page_for_what_no_form_may_ask(revision: Revision, action: str) -> None:
    async with raw_peer(SERVER, revision=revision, capabilities=ABLE) as peer:
        [question], result = await asked(peer, "visit", {"action": action})
    params = question["params"]
    assert (params["mode"], params["url"]) == ("url", "https://example.com/key")
    assert ("elicitationId" in params) is (revision is Revision.V2025_11_25)
    assert result["content"][0]["text"] == str(action == "accept")


@pytest.mark.parametrize("revision", [Revision.V2025_06_18, *BOTH])
async def test_who_shows_forms_alone_is_not_sent_to_pages(revision: Revision) -> None:
    async with raw_peer(SERVER, revision=revision, capabilities={"elicitation": {}}) as peer:
        reply = await peer.call("tools/call", {"name": "visit"})
    if revision is Revision.V2026_07_28:
        assert reply["error"]["data"] == {"requiredCapabilities": {"elicitation": {"url": {}}}}
    else:
        assert reply["result"]["isError"] is True


async def test_a_revision_without_pages_is_not_asked_whatever_the_client_says() -> None:
    async with raw_peer(SERVER, revision=Revision.V2025_06_18, capabilities=ABLE) as peer:
        assert (await peer.call("tools/call", {"name": "visit"}))["result"]["isError"] is True
        assert peer.requests == []


@pytest.mark.parametrize("revision", [*LEGACY, Revision.V2026_07_28])
async def test_a_model_is_asked_with_a_whole_conversation(revision: Revision) -> None:
    said = {"role": "assistant", "model": "m-1", "content": {"type": "text", "text": "Paris"}}
    async with raw_peer(SERVER, revision=revision, capabilities=ABLE) as peer:
        [question], result = await asked(peer, "sample", said)
    assert [message["role"] for message in question["params"]["messages"]] == ["user", "assistant"]
    assert (question["params"]["maxTokens"], question["params"]["systemPrompt"]) == (9, "Be brief.")
    assert result["content"][0]["text"] == "m-1"


async def test_the_roots_of_a_session_are_asked_once_and_those_of_a_request_each_time() -> None:
    found = {"roots": [{"uri": "file:///work"}]}
    async with raw_peer(SERVER, revision=Revision.V2025_11_25, capabilities=ABLE) as peer:
        questions, result = await asked(peer, "roots", found)
        assert (len(questions), result["content"][0]["text"]) == (1, "file:///work file:///work")
    async with raw_peer(SERVER, capabilities=ABLE) as peer:
        questions, result = await asked(peer, "roots", found, found)
        assert (len(questions), result["content"][0]["text"]) == (2, "file:///work file:///work")


@pytest.mark.parametrize("answer", [{}, {"roots": "x"}, {"roots": [1]}])
async def test_nonsense_for_an_answer_fails_the_tool_and_not_the_session(answer: Any) -> None:
    async with raw_peer(SERVER, revision=Revision.V2025_11_25, capabilities=ABLE) as peer:
        _, result = await asked(peer, "roots", answer)
        assert "answered roots/list with the wrong shape" in result["content"][0]["text"]
        assert (await peer.call("ping"))["result"] == {}


@pytest.mark.parametrize("tool", ["visit", "sample", "roots"])
async def test_silence_is_a_no_or_a_timeout_and_the_question_is_taken_back(tool: str) -> None:
    options = Options(limits=Limits(question_seconds=0.05))
    async with raw_peer(SERVER, revision=Revision.V2025_11_25, capabilities=ABLE, options=options) as peer:
        result = (await peer.call("tools/call", {"name": tool}))["result"]
        [question] = peer.requests
        taken_back = await peer.notification("notifications/cancelled")
        assert taken_back["params"]["requestId"] == question["id"]
        late = {"jsonrpc": "2.0", "id": question["id"], "result": {"action": "accept"}}
        await peer.send(late)
        assert (await peer.call("ping"))["result"] == {}
    assert result["content"][0]["text"].startswith("False" if tool == "visit" else "timeout: ")


async def test_a_question_whose_call_is_cancelled_is_taken_back_too() -> None:
    async with raw_peer(SERVER, revision=Revision.V2025_11_25, capabilities=ABLE) as peer:
        running = await peer.begin("tools/call", {"name": "roots"})
        question = await peer.request()
        await peer.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": running}})
        taken_back = await peer.notification("notifications/cancelled")
        assert taken_back["params"]["requestId"] == question["id"]
        assert not peer.has_reply(running)


async def test_an_error_for_an_answer_is_told_to_the_model() -> None:
    async with raw_peer(SERVER, revision=Revision.V2025_11_25, capabilities=ABLE) as peer:
        running = await peer.begin("tools/call", {"name": "roots"})
        question = await peer.request()
        refused = {"code": -32603, "message": "No roots today"}
        await peer.send({"jsonrpc": "2.0", "id": question["id"], "error": refused})
        async with asyncio.timeout(5):
            result = (await peer.reply(running))["result"]
    assert "No roots today" in result["content"][0]["text"]
