"""Each tool is called once in each era, by a client that can be asked everything."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec import Struct

from mcp_protocol.testing import RpcError, connect
from mcp_ref_everything.server import server
from mcp_ref_everything.settings import Settings

LEGACY = "2025-11-25"
MODERN = "2026-07-28"
each_era = pytest.mark.parametrize("revision", [LEGACY, MODERN])

# What the suite's client answers, whichever form it is shown.
CONTENT: dict[str, Any] = {
    "name": "Alice",
    "color": "blue",
    "ok": True,
    "confirm": True,
    "context": "a harbour",
    "username": "testuser",
    "email": "test@example.com",
    "age": 30,
    "score": 95.5,
    "status": "active",
    "verified": True,
    "untitledSingle": "option1",
    "titledSingle": "value1",
    "legacyEnum": "opt1",
    "untitledMulti": ["option1", "option2"],
    "titledMulti": ["value1", "value2"],
}
MODEL_SAID = {"role": "assistant", "model": "none", "content": {"type": "text", "text": "Paris"}}
ROOTS = {"roots": [{"uri": "file:///work"}]}


def always(result: dict[str, Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """The same answer to every question."""
    return lambda _: result


ANSWERS = {
    "elicitation/create": always({"action": "accept", "content": CONTENT}),
    "sampling/createMessage": always(MODEL_SAID),
    "roots/list": always(ROOTS),
}


class Case(Struct, frozen=True):
    """How a tool is called, what its text says, and which other content it brings."""

    says: str
    arguments: dict[str, Any] = {}
    brings: tuple[str, ...] = ()


CASES = {
    "test_simple_text": Case("This is a simple text response for testing."),
    "test_image_content": Case("", brings=("image",)),
    "test_audio_content": Case("", brings=("audio",)),
    "test_embedded_resource": Case("", brings=("resource",)),
    "test_multiple_content_types": Case("Multiple content types test:", brings=("image", "resource")),
    "test_error_handling": Case("intended: This tool intentionally returns an error for testing"),
    "test_tool_with_logging": Case("Logged three messages."),
    "test_tool_with_progress": Case("Reported progress."),
    "test_logging_tool": Case("Logged where it was wanted."),
    "test_reconnection": Case("Answered after a reconnection."),
    "test_trigger_tool_change": Case("Announced a change of the tools."),
    "test_trigger_prompt_change": Case("Announced a change of the prompts."),
    "test_sampling": Case("LLM response: Paris", {"prompt": "Where?"}),
    "test_elicitation": Case(
        'User response: action=accept, content={"username":"testuser","email":"test@example.com"}',
        {"message": "Who?"},
    ),
    "test_elicitation_sep1034_defaults": Case(
        'User response: action=accept, content={"name":"Alice","age":30,"score":95.5,"status":"active","verified":true}'
    ),
    "test_elicitation_sep1330_enums": Case(
        'User response: action=accept, content={"untitledSingle":"option1","titledSingle":"value1",'
        '"legacyEnum":"opt1","untitledMulti":["option1","option2"],"titledMulti":["value1","value2"]}'
    ),
    "test_input_required_result_elicitation": Case("Hello, Alice!"),
    "test_input_required_result_sampling": Case("The model says: Paris"),
    "test_input_required_result_list_roots": Case("Roots: file:///work"),
    "test_input_required_result_request_state": Case("state-ok, True"),
    "test_input_required_result_tampered_state": Case("confirmed: True"),
    "test_input_required_result_multiple_inputs": Case("Paris Alice, of 1 roots"),
    "test_input_required_result_multi_round": Case("Alice likes blue"),
    "test_input_required_result_capabilities": Case("Alice"),
    "test_missing_capability": Case("Paris"),
    "test_streaming_elicitation": Case("Alice"),
    "json_schema_2020_12_tool": Case("Took 2 members.", {"name": "Alice", "phone": "1"}),
    "test_x_mcp_header": Case("Region: north", {"region": "north"}),
    "greet": Case("Hello, Bob!", {"name": "Bob"}),
    "slow_compute": Case("Computed sums in 0 seconds.", {"seconds": 0, "label": "sums"}),
    "confirm_delete": Case("Deleted a.txt.", {"filename": "a.txt"}),
    "multi_input": Case("Alice: True"),
}
# What needs a client that can follow tasks, is there to crash, or says something else every second.
APART = {"failing_job", "protocol_error_job", "test_tool_with_task", "tell_time"}


@each_era
async def test_every_tool_is_called_here(revision: str) -> None:
    async with connect(server, Settings(), revision=revision) as client:
        assert {tool["name"] for tool in await client.list("tools")} == CASES.keys() | APART


@each_era
@pytest.mark.parametrize("tool", CASES)
async def test_a_tool_answers_as_the_suite_expects(revision: str, tool: str) -> None:
    case = CASES[tool]
    async with connect(server, Settings(), revision=revision, answers=ANSWERS) as client:
        result = await client.call(tool, **case.arguments)
    assert result.text == case.says
    assert result.is_error == (tool == "test_error_handling")
    assert tuple(block["type"] for block in result.raw["content"] if block["type"] != "text") == case.brings


@each_era
async def test_a_crash_shows_nothing_of_itself(revision: str) -> None:
    async with connect(server, Settings(), revision=revision) as client:
        with pytest.raises(RpcError, match="Internal error") as refused:
            await client.call("protocol_error_job")
    assert refused.value.code == -32603
    assert "job does" not in refused.value.message


@pytest.mark.parametrize("tool", ["failing_job", "test_tool_with_task"])
async def test_what_is_always_a_task_needs_a_client_that_follows_tasks(tool: str) -> None:
    async with connect(server, Settings(), answers=ANSWERS) as client:
        with pytest.raises(RpcError) as refused:
            await client.call(tool)
    assert refused.value.code == -32021
    async with connect(server, Settings(), revision=LEGACY, answers=ANSWERS) as client:
        result = await client.call(tool)
    assert result.error_code == "missing_capability"


async def test_what_asks_both_ways_asks_the_model_where_there_is_no_user() -> None:
    only_model = {"sampling/createMessage": ANSWERS["sampling/createMessage"]}
    async with connect(server, Settings(), answers=only_model) as client:
        result = await client.call("test_input_required_result_capabilities")
    assert result.text == "Paris"
