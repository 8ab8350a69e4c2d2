"""The vocabulary itself: what is read is what was written, and authors' shorthand."""

import msgspec
import pytest

from mcp_protocol.encoding import encode
from mcp_protocol.types import (
    BlobResourceContents,
    CallToolParams,
    CallToolResult,
    CompleteParams,
    ContentBlock,
    CreateMessageParams,
    CreateMessageResult,
    ElicitParams,
    Embedded,
    Image,
    InputRequiredResult,
    PromptReference,
    RequestMeta,
    ResourceContents,
    ResourceTemplateReference,
    Root,
    Text,
    TextResourceContents,
    Wire,
)
from tests import wire_samples as samples

ALL: dict[str, Wire] = {
    **samples.RESULTS,
    **samples.LEGACY_RESULTS,
    **samples.MODERN_RESULTS,
    **samples.NOTICES,
    **samples.MODERN_NOTICES,
    **{f"ask {name}": value for name, value in samples.QUESTIONS.items()},
    **{f"answer {name}": value for name, value in samples.ANSWERS.items()},
    **{f"request {name}": value for name, value in samples.REQUESTS.items()},
}


@pytest.mark.parametrize("name", ALL)
def test_what_is_read_is_what_was_written(name: str) -> None:
    data = encode(ALL[name])
    assert encode(msgspec.json.decode(data, type=type(ALL[name]))) == msgspec.json.format(data, indent=-1)


def test_authors_write_content_with_the_payload_first() -> None:
    assert encode([Text("hi"), Image(b"ab", "image/png")]) == (
        b'[{"type":"text","text":"hi"},{"type":"image","data":"YWI=","mimeType":"image/png"}]'
    )


def test_contents_are_text_or_bytes() -> None:
    read = msgspec.json.decode(b'[{"uri":"a:b","text":""},{"uri":"a:b","blob":"YWI="}]', type=list[ResourceContents])
    assert [(contents.text, contents.blob) for contents in read] == [("", None), (None, b"ab")]
    assert encode(TextResourceContents(uri="a:b", text="")) == b'{"uri":"a:b","text":""}'
    assert encode(Embedded(BlobResourceContents(uri="a:b", blob=b"ab"))) == (
        b'{"type":"resource","resource":{"uri":"a:b","blob":"YWI="}}'
    )


@pytest.mark.parametrize("data", [b'{"type":"video"}', b'{"text":"a"}', b'{"type":"image","data":"?","mimeType":"a"}'])
def test_a_block_of_no_known_kind_is_refused(data: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(data, type=ContentBlock)


def test_a_call_keeps_its_arguments_raw_and_absent_ones_empty() -> None:
    call = msgspec.json.decode(b'{"name":"t","arguments":{"a": 1},"extra":1}', type=CallToolParams)
    assert bytes(call.arguments) == b'{"a": 1}'
    assert bytes(msgspec.json.decode(b'{"name":"t"}', type=CallToolParams).arguments) == b""


def test_references_are_told_apart_by_their_type() -> None:
    def ref(data: bytes) -> object:
        return msgspec.json.decode(b'{"argument":{"name":"a","value":""},"ref":%b}' % data, type=CompleteParams).ref

    assert ref(b'{"type":"ref/prompt","name":"p"}') == PromptReference(name="p")
    assert ref(b'{"type":"ref/resource","uri":"a:{b}"}') == ResourceTemplateReference(uri="a:{b}")


def test_sampling_content_is_one_block_or_several() -> None:
    read = msgspec.json.decode(encode(samples.SAMPLING), type=CreateMessageParams)
    assert isinstance(read.messages[0].content, list)
    assert read.messages[1].content == Text("b")
    answer = b'{"role":"assistant","content":{"type":"tool_use","id":"1","name":"t","input":{}},"model":"m"}'
    assert msgspec.json.decode(answer, type=CreateMessageResult).model == "m"


def test_a_form_is_read_field_by_field() -> None:
    question = samples.QUESTIONS["elicitation/create"]
    assert msgspec.json.decode(encode(question), type=ElicitParams) == question


def test_an_input_required_result_is_known_by_its_type() -> None:
    assert encode(InputRequiredResult(request_state="s")) == b'{"resultType":"input_required","requestState":"s"}'
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"resultType":"complete"}', type=InputRequiredResult)


def test_the_envelope_is_read_by_its_long_names() -> None:
    meta = msgspec.json.decode(
        b'{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/logLevel":"debug",'
        b'"io.modelcontextprotocol/clientCapabilities":{"roots":{}},"progressToken":7,"other":1}',
        type=RequestMeta,
    )
    assert (meta.protocol_version, meta.log_level, meta.progress_token) == ("2026-07-28", "debug", 7)
    assert meta.client_capabilities is not None
    assert meta.client_capabilities.roots is not None


def test_unset_members_are_absent() -> None:
    assert encode(CallToolResult(content=[])) == b'{"content":[]}'
    assert encode(Root("file:///")) == b'{"uri":"file:///"}'
