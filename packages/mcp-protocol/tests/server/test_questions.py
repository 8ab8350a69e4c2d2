"""What a tool asks its user: in both eras, answered well and badly, and what an answer permits."""

from typing import Any

import pytest

from mcp_protocol.revisions import Revision
from mcp_protocol.server.app import Server
from mcp_protocol.testing.raw import RawPeer, raw_peer

ALL = list(Revision)
ELICITING = [Revision.V2025_06_18, Revision.V2025_11_25, Revision.V2026_07_28]


async def call(peer: RawPeer, tool: str, arguments: dict[str, Any] | None = None, **params: Any) -> dict[str, Any]:
    return await peer.call("tools/call", {"name": tool, "arguments": arguments or {}, **params})


@pytest.mark.parametrize("revision", ELICITING)
@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ({"action": "accept", "content": {"name": "Alice", "extra": 1}}, "Hello, Alice!"),
        ({"action": "decline"}, "Nobody"),
        ({"action": "cancel"}, "Nobody"),
    ],
)
async def test_a_tool_asks_its_user_in_both_eras(
    small: Server[Any, Any], revision: Revision, answer: dict[str, Any], text: str
) -> None:
    state: list[str] = []
    async with raw_peer(small, state, revision=revision, capabilities={"elicitation": {}}) as peer:
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
async def test_m2_a_mistyped_answer_is_asked_again(small: Server[Any, Any], answer: Any) -> None:
    async with raw_peer(small, capabilities={"elicitation": {}}) as peer:
        asked = (await call(peer, "greet"))["result"]
        retry = {"inputResponses": {"question_1": answer}, "requestState": asked["requestState"]}
        assert (await call(peer, "greet", **retry))["result"]["resultType"] == "input_required"
        refused = await call(peer, "greet", inputResponses=[answer])
        assert refused["error"]["code"] == -32602


async def test_m1_a_changed_state_is_refused_and_nothing_runs(small: Server[Any, Any]) -> None:
    state: list[str] = []
    async with raw_peer(small, state, capabilities={"elicitation": {}}) as peer:
        sealed = (await call(peer, "greet"))["result"]["requestState"]
        answers = {"question_1": {"action": "accept", "content": {"name": "A"}}}
        for bad in (sealed + "-TAMPERED", sealed[:-2], "A" + sealed[1:], ""):
            reply = await call(peer, "greet", inputResponses=answers, requestState=bad)
            assert reply["error"]["code"] == -32602
        other = await call(peer, "remove", inputResponses=answers, requestState=sealed)
        assert other["error"]["code"] == -32602
    assert state == []


async def test_an_answer_that_permits_a_write_counts_once(small: Server[Any, Any]) -> None:
    state: list[str] = []
    async with raw_peer(small, state, capabilities={"elicitation": {}}) as peer:
        answers = {"confirm": {"action": "accept", "content": {"name": "A"}}}
        unasked = (await call(peer, "remove", inputResponses=answers))["result"]
        assert unasked["resultType"] == "input_required"
        retry = {"inputResponses": answers, "requestState": unasked["requestState"]}
        assert (await call(peer, "remove", **retry))["result"]["content"][0]["text"] == "Removed."
        assert (await call(peer, "remove", **retry))["error"]["code"] == -32602
    assert state == ["removed"]


@pytest.mark.parametrize("revision", ALL)
async def test_m3_a_client_that_cannot_be_asked_is_never_a_silent_yes(
    small: Server[Any, Any], revision: Revision
) -> None:
    state: list[str] = []
    async with raw_peer(small, state, revision=revision) as peer:
        reply = await call(peer, "remove")
        polite = (await call(peer, "greet_or_not"))["result"]["content"][0]["text"]
    if revision is Revision.V2026_07_28:
        assert reply["error"]["code"] == -32021
        assert reply["error"]["data"] == {"requiredCapabilities": {"elicitation": {}}}
    else:
        assert reply["result"]["isError"] is True
    assert polite == "I cannot ask."
    assert state == []
