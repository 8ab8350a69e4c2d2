"""Every revision over every transport that it has: the same conversation, with what the revision lacks left out."""

import json
from collections.abc import Generator
from typing import Any

import pytest

from tests.conformance.talk import Message, Talk, opened

LEGACY = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"]
MODERN = "2026-07-28"
WAYS = [
    *((transport, revision) for revision in [*LEGACY[1:], MODERN] for transport in ("stdio", "http")),
    ("stdio", LEGACY[0]),
    ("http", LEGACY[0]),
    ("sse", LEGACY[0]),
]
Open = tuple[Talk, Message]


@pytest.fixture(scope="module", params=WAYS, ids="-".join)
def conversation(request: pytest.FixtureRequest) -> Generator[Open]:
    with opened(*request.param) as found:
        yield found


@pytest.fixture
def talk(conversation: Open) -> Talk:
    return conversation[0]


def accept(question: Message) -> Message:
    """What a user and a model say."""
    if question["method"] == "sampling/createMessage":
        return {"role": "assistant", "model": "none", "content": {"type": "text", "text": "Paris"}}
    if question["method"] == "roots/list":
        return {"roots": [{"uri": "file:///work"}]}
    return {"action": "accept", "content": {"username": "Ada", "email": "a@b.c", "name": "Ada"}}


def text(result: Message) -> str:
    return result["content"][0]["text"]


def test_hello(conversation: Open) -> None:
    talk, hello = conversation
    if talk.revision == MODERN:
        assert hello["supportedVersions"] == [MODERN]
        assert hello["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "everything"
        assert set(hello["capabilities"]["extensions"]) >= {"io.modelcontextprotocol/tasks"}
        return
    assert (hello["protocolVersion"], hello["serverInfo"]["name"]) == (talk.revision, "everything")
    assert ("completions" in hello["capabilities"]) is (talk.revision >= "2025-03-26")
    assert not {"extensions", "tasks"} & set(hello["capabilities"])
    assert ("title" in hello["serverInfo"]) is (talk.revision >= "2025-06-18")


def test_lists(talk: Talk) -> None:
    tools = talk.ask("tools/list").result["tools"]
    assert tools[0]["name"] == "test_simple_text"
    for member, since in {"annotations": "2025-03-26", "outputSchema": "2025-06-18"}.items():
        assert any(member in tool for tool in tools) is (talk.revision >= since), member
    assert not any("execution" in tool for tool in tools)
    assert talk.ask("resources/list").result["resources"]
    assert talk.ask("resources/templates/list").result["resourceTemplates"]
    assert talk.ask("prompts/list").result["prompts"]


def test_what_every_result_of_the_revision_has_and_no_other(talk: Talk) -> None:
    listed = talk.ask("tools/list").result
    modern = {"resultType", "_meta", "ttlMs", "cacheScope"}
    assert (modern & set(listed)) == (modern if talk.revision == MODERN else set())


def test_a_call(talk: Talk) -> None:
    result = talk.call("greet", name="Ada").result
    assert text(result) == "Hello, Ada!"
    assert ("structuredContent" in talk.call("tell_time").result) is (talk.revision >= "2025-06-18")


def test_content_that_the_revision_has(talk: Talk) -> None:
    [block] = talk.call("test_audio_content").result["content"]
    assert block["type"] == ("audio" if talk.revision >= "2025-03-26" else "text")


def test_failures(talk: Talk) -> None:
    assert talk.call("test_error_handling").result["isError"] is True
    assert talk.call("no_such_tool").answer["error"]["code"] == -32602
    assert talk.ask("no/such/method").answer["error"]["code"] == -32601
    missing = talk.ask("resources/read", {"uri": "test://nothing"}).answer["error"]
    assert missing["code"] == (-32602 if talk.revision == MODERN else -32002)
    assert missing["data"] == {"uri": "test://nothing"}


def test_progress(talk: Talk) -> None:
    heard = talk.call("test_tool_with_progress", meta={"progressToken": "t"})
    steps = [notice["params"] for notice in heard.notices if notice["method"] == "notifications/progress"]
    assert [(step["progressToken"], step["progress"]) for step in steps] == [("t", 0), ("t", 50), ("t", 100)]


def test_log_messages(talk: Talk) -> None:
    wish: dict[str, Any] = {}
    if talk.revision == MODERN:
        wish = {"io.modelcontextprotocol/logLevel": "info"}
    else:
        assert talk.ask("logging/setLevel", {"level": "info"}).result == {}
    heard = talk.call("test_tool_with_logging", meta=wish)
    said = [notice["params"]["data"] for notice in heard.notices if notice["method"] == "notifications/message"]
    assert said == ["Tool execution started", "Tool processing data", "Tool execution completed"]


def test_no_log_message_where_none_is_asked_for(talk: Talk) -> None:
    if talk.revision != MODERN:
        assert talk.ask("logging/setLevel", {"level": "error"}).result == {}
    assert talk.call("test_tool_with_logging").notices == []


def test_questions_to_the_model(talk: Talk) -> None:
    """Asked live before 2026-07-28, and in rounds since."""
    heard = talk.call("test_sampling", accept, prompt="The capital of France?")
    assert text(heard.result) == "LLM response: Paris"
    assert [question["method"] for question in heard.questions] == ["sampling/createMessage"]
    assert all(("id" in question) is (talk.revision != MODERN) for question in heard.questions)


def test_questions_to_the_user(talk: Talk) -> None:
    """Since 2025-06-18; before, nobody is asked and the tool is told."""
    heard = talk.call("test_elicitation", accept, message="Who?")
    if talk.revision < "2025-06-18":
        assert heard.result["isError"] is True
        assert heard.questions == []
        return
    assert "accept" in text(heard.result)
    assert [question["method"] for question in heard.questions] == ["elicitation/create"]


def test_resources_and_prompts(talk: Talk) -> None:
    [content] = talk.ask("resources/read", {"uri": "test://template/7/data"}).result["contents"]
    assert json.loads(content["text"])["id"] == "7"
    arguments = {"arg1": "x", "arg2": "y"}
    prompt = talk.ask("prompts/get", {"name": "test_prompt_with_arguments", "arguments": arguments}).result
    assert "arg1='x'" in prompt["messages"][0]["content"]["text"]
    reference = {"type": "ref/prompt", "name": "test_prompt_with_arguments"}
    typed = {"ref": reference, "argument": {"name": "arg1", "value": "test"}}
    assert talk.ask("completion/complete", typed).result["completion"]["values"]


def test_subscriptions(talk: Talk) -> None:
    watched = {"uri": "test://watched-resource"}
    if talk.revision == MODERN:
        assert talk.ask("resources/subscribe", watched).answer["error"]["code"] == -32601
        wanted = talk.stamped("subscriptions/listen", {"notifications": {"resourceSubscriptions": [watched["uri"]]}})
        acknowledged = talk.first(wanted)
        assert acknowledged["method"] == "notifications/subscriptions/acknowledged"
        assert acknowledged["params"]["notifications"] == {"resourceSubscriptions": [watched["uri"]]}
        return
    assert talk.ask("resources/subscribe", watched).result == {}
    assert talk.ask("resources/unsubscribe", watched).result == {}
    assert talk.ask("subscriptions/listen").answer["error"]["code"] == -32601


def test_methods_of_the_other_era_do_not_exist(talk: Talk) -> None:
    legacy, modern = ["ping", "logging/setLevel"], ["server/discover", "tasks/get", "skills/list"]
    for method in legacy if talk.revision == MODERN else modern:
        assert talk.ask(method, {"taskId": "x", "level": "info"}).answer["error"]["code"] == -32601


def test_a_batch_is_one_message_in_one_revision_only(talk: Talk) -> None:
    batch: Any = [talk.stamped("tools/list"), talk.stamped("no/such/method")]
    if not hasattr(talk.wire, "session"):
        found = talk.first(batch)
        if talk.revision == "2025-03-26":
            assert sorted("result" in reply for reply in found) == [False, True]
        else:
            assert found["error"]["code"] == -32600
