"""Results and params fitted to a revision: the envelope spliced in, older forms, and a golden file of everything.

`wire.golden.json` was checked member by member against the five official schemas. Run this file to write it anew.
"""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mcp_protocol.errors import InvalidParams, MissingCapability, ResourceNotFound
from mcp_protocol.revisions import LATEST, LATEST_LEGACY, LEGACY, Revision
from mcp_protocol.types import (
    Audio,
    CallToolResult,
    Choices,
    ElicitParams,
    FormSchema,
    GetPromptResult,
    InputRequiredResult,
    Link,
    ListToolsResult,
    MultiSelectSchema,
    PromptMessage,
    Result,
    Text,
    Wire,
)
from mcp_protocol.types.wire import encode_params, encode_result, error_code
from tests import wire_samples as samples

GOLDEN = Path(__file__).with_name("wire.golden.json")
INFO = b'{"name":"s","version":"1"}'
STAMP = b'"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s","version":"1"}'


def modern(result: Wire | bytes, server_info: bytes | None = INFO) -> bytes:
    return encode_result(result, LATEST, server_info=server_info)


def everything() -> dict[str, dict[str, Any]]:
    """All samples in all revisions, those that a revision has no method for included."""
    groups = {
        "result": samples.RESULTS | samples.LEGACY_RESULTS | samples.MODERN_RESULTS,
        "notification": samples.NOTICES | samples.MODERN_NOTICES,
        "question": samples.QUESTIONS,
        "answer": samples.ANSWERS,
        "request": samples.REQUESTS,
        "capabilities": {"client": samples.CLIENT, "server": samples.SERVER},
    }
    return {
        str(revision): {
            f"{group} {name}": json.loads(encode_params(value, revision))
            for group, values in groups.items()
            for name, value in values.items()
        }
        for revision in Revision
    }


def test_every_sample_is_as_in_the_golden_file() -> None:
    assert everything() == json.loads(GOLDEN.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (Result(), b'{"resultType":"complete",%b}}' % STAMP),
        (Result(meta={}), b'{"resultType":"complete",%b}}' % STAMP),
        (Result(meta={"a": 1}), b'{"resultType":"complete",%b,"a":1}}' % STAMP),
        (CallToolResult(content=[]), b'{"resultType":"complete",%b},"content":[]}' % STAMP),
        (CallToolResult(content=[], meta={}), b'{"resultType":"complete",%b},"content":[]}' % STAMP),
        (CallToolResult(content=[], meta={"a": 1}), b'{"resultType":"complete",%b,"a":1},"content":[]}' % STAMP),
        (InputRequiredResult(), b'{"resultType":"input_required",%b}}' % STAMP),
        (
            InputRequiredResult(request_state="s", meta={"a": 1}),
            b'{"resultType":"input_required",%b,"a":1},"requestState":"s"}' % STAMP,
        ),
        (
            ListToolsResult(tools=[]),
            b'{"resultType":"complete","ttlMs":0,"cacheScope":"private",%b},"tools":[]}' % STAMP,
        ),
        (
            ListToolsResult(tools=[], ttl_ms=5, cache_scope="public"),
            b'{"resultType":"complete",%b},"ttlMs":5,"cacheScope":"public","tools":[]}' % STAMP,
        ),
        (b"{}", b'{"resultType":"complete",%b}}' % STAMP),
        (b'{"content":[]}', b'{"resultType":"complete",%b},"content":[]}' % STAMP),
    ],
)
def test_a_modern_result_is_stamped_by_splicing(result: Wire | bytes, expected: bytes) -> None:
    assert modern(result) == expected
    assert modern(modern(result)) == expected


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (Result(), b'{"resultType":"complete"}'),
        (Result(meta={"a": 1}), b'{"resultType":"complete","_meta":{"a":1}}'),
        (InputRequiredResult(), b'{"resultType":"input_required"}'),
        (InputRequiredResult(request_state="s"), b'{"resultType":"input_required","requestState":"s"}'),
    ],
)
def test_without_a_server_identity_only_the_type_is_added(result: Wire, expected: bytes) -> None:
    assert modern(result, None) == expected


def test_a_server_identity_of_the_result_itself_is_kept() -> None:
    own = {"io.modelcontextprotocol/serverInfo": {"name": "other", "version": "2"}}
    assert json.loads(modern(Result(meta=own))) == {"resultType": "complete", "_meta": own}


@pytest.mark.parametrize("revision", LEGACY)
def test_legacy_results_are_not_stamped(revision: Revision) -> None:
    assert encode_result(Result(), revision, server_info=INFO) == b"{}"
    assert encode_result(b'{"a":1}', revision, server_info=INFO) == b'{"a":1}'
    listing = ListToolsResult(tools=[], ttl_ms=5, cache_scope="public")
    assert encode_result(listing, revision, server_info=INFO) == b'{"tools":[]}'


def texts(revision: Revision, block: Any) -> list[str]:
    result = CallToolResult(content=[block])
    found = json.loads(encode_result(result, revision, server_info=None))["content"]
    return [item["text"] for item in found if item["type"] == "text"]


def test_audio_is_only_mentioned_where_it_is_unknown() -> None:
    assert texts(Revision.V2024_11_05, Audio(b"RIFF", "audio/wav")) == ["[audio: audio/wav, 4 bytes]"]
    assert texts(Revision.V2025_03_26, Audio(b"RIFF", "audio/wav")) == []


def test_a_link_becomes_its_title_and_address_where_it_is_unknown() -> None:
    link = Link("file:///a", "a", title="The A", description="of all")
    assert texts(Revision.V2025_03_26, link) == ["The A: file:///a\nof all"]
    assert texts(Revision.V2025_06_18, link) == []


def test_blocks_of_prompts_are_fitted_too() -> None:
    result = GetPromptResult(messages=[PromptMessage("user", Link("file:///a", "a"))])
    found = json.loads(encode_result(result, Revision.V2024_11_05, server_info=None))
    assert found == {"messages": [{"role": "user", "content": {"type": "text", "text": "a: file:///a"}}]}


@pytest.mark.parametrize(
    ("data", "kept"),
    [
        ({"a": 1}, True),
        (msgspec.Raw(b' {"a":1}'), True),
        (Text("a Struct"), True),
        ([1], False),
        ("text", False),
        (0, False),
        (msgspec.Raw(b"[1]"), False),
    ],
)
def test_data_that_is_no_object_is_left_to_the_text_before_2026_07_28(data: Any, kept: bool) -> None:  # noqa: FBT001  pytest passes by name
    result = CallToolResult(content=[], structured_content=data)
    assert (b"structuredContent" in encode_result(result, LATEST_LEGACY, server_info=None)) is kept
    assert b"structuredContent" in modern(result)
    assert b"structuredContent" not in encode_result(result, Revision.V2025_03_26, server_info=None)


def test_tool_data_is_not_searched_for_what_a_revision_lacks() -> None:
    data = {"_meta": 1, "title": "t", "icons": [{"annotations": {"lastModified": "x"}}]}
    result = CallToolResult(content=[], structured_content=data)
    assert json.loads(encode_result(result, Revision.V2025_06_18, server_info=None))["structuredContent"] == data


@pytest.mark.parametrize("revision", [Revision.V2024_11_05, Revision.V2025_03_26, Revision.V2025_06_18])
@pytest.mark.parametrize(
    "params",
    [
        ElicitParams(message="?", requested_schema=FormSchema(properties={"a": MultiSelectSchema(items=Choices())})),
        ElicitParams(mode="url", message="?", url="https://example.org"),
    ],
)
def test_a_question_without_an_older_form_is_a_missing_capability(params: ElicitParams, revision: Revision) -> None:
    assert encode_params(params, LATEST)
    with pytest.raises(MissingCapability):
        encode_params(params, revision)


def test_a_missing_resource_has_its_own_code_in_legacy_revisions() -> None:
    missing = ResourceNotFound("file:///a")
    assert [error_code(missing, revision) for revision in Revision] == [-32002] * 4 + [-32602]
    assert {error_code(InvalidParams("no"), revision) for revision in Revision} == {-32602}


def test_text_with_half_a_character_still_goes_out() -> None:
    for revision in Revision:
        data = encode_result(CallToolResult(content=[Text("a\ud800")]), revision, server_info=INFO)
        assert "a\ufffd" in data.decode()


def write_golden() -> None:
    revisions = [
        json.dumps(revision)
        + ": {\n"
        + ",\n".join(f"{json.dumps(name)}: {json.dumps(found)}" for name, found in group.items())
        + "\n}"
        for revision, group in everything().items()
    ]
    GOLDEN.write_text("{\n" + ",\n".join(revisions) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    write_golden()
