"""Resources, prompts and completions as the suite asks for them, in both eras."""

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec import json

from mcp_protocol.testing import RpcError, connect
from mcp_ref_everything.server import server
from mcp_ref_everything.settings import Settings

each_era = pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])


def agree(_: dict[str, Any]) -> dict[str, Any]:
    return {"action": "accept", "content": {"context": "a harbour"}}


@each_era
async def test_what_is_listed_can_be_read(revision: str) -> None:
    async with connect(server, Settings(), revision=revision) as client:
        for resource in await client.list("resources"):
            assert await client.read(resource["uri"])
            assert resource["description"]


@each_era
async def test_a_template_gives_one_of_many(revision: str) -> None:
    async with connect(server, Settings(), revision=revision) as client:
        [content] = await client.read("test://template/123/data")
    expected = {"id": "123", "templateTest": True, "data": "Data for ID: 123"}
    assert json.decode(content["text"].encode()) == expected


@each_era
async def test_what_does_not_exist_is_an_error_with_its_uri(revision: str) -> None:
    uri = "test://nonexistent-resource-for-conformance-testing"
    async with connect(server, Settings(), revision=revision) as client:
        with pytest.raises(RpcError) as refused:
            await client.read(uri)
    assert refused.value.data == {"uri": uri}


@each_era
@pytest.mark.parametrize(
    ("prompt", "arguments", "said"),
    [
        ("test_simple_prompt", {}, "This is a simple prompt for testing."),
        ("test_prompt_with_arguments", {"arg1": "x", "arg2": "y"}, "Prompt with arguments: arg1='x', arg2='y'"),
        (
            "test_prompt_with_embedded_resource",
            {"resourceUri": "test://a"},
            "Please process the embedded resource above.",
        ),
        ("test_prompt_with_image", {}, "Please analyze the image above."),
    ],
)
async def test_a_prompt_says_what_the_suite_expects(
    revision: str, prompt: str, arguments: dict[str, str], said: str
) -> None:
    async with connect(server, Settings(), revision=revision) as client:
        messages = await client.prompt(prompt, **arguments)
    assert messages[-1]["content"]["text"] == said


async def test_a_prompt_can_ask_first() -> None:
    async with connect(server, Settings(), answers={"elicitation/create": agree}) as client:
        [message] = await client.prompt("test_input_required_result_prompt")
    assert message["content"]["text"] == "Answer in this context: a harbour"


@each_era
async def test_the_first_argument_is_completed(revision: str) -> None:
    reference = {"type": "ref/prompt", "name": "test_prompt_with_arguments"}
    async with connect(server, Settings(), revision=revision) as client:
        assert await client.complete(reference, "arg1", "test") == ["testing", "tested", "tester"]


async def test_the_clock_is_a_document_that_its_tool_names() -> None:
    async with connect(server, Settings()) as client:
        [tool] = [tool for tool in await client.list("tools") if tool["name"] == "tell_time"]
        uri = tool["_meta"]["ui"]["resourceUri"]
        [document] = (await client.request("resources/read", {"uri": uri}))["contents"]
        told = await client.call("tell_time")
    assert document["mimeType"] == "text/html;profile=mcp-app"
    assert document["text"].startswith("<!doctype html>")
    assert "http" not in document["text"]
    assert datetime.fromisoformat(told.data["result"]).tzinfo == UTC
