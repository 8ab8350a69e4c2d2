"""The codec: literal bytes to messages, values to bytes, and nothing ever raised."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw, Struct

from mcp_protocol.errors import InvalidParams, InvalidRequest, Malformed, ResourceNotFound
from mcp_protocol.jsonrpc import (
    Batch,
    ErrorResponse,
    Notification,
    Rejected,
    Request,
    Response,
    decode,
    encode_error,
    encode_notification,
    encode_request,
    encode_result,
)
from mcp_protocol.limits import Limits

LIMITS = Limits()


def read(data: bytes) -> Any:
    return decode(data, LIMITS)


def test_the_params_of_a_request_are_decoded() -> None:
    found = read(b'{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name": "a",  "n":1e3}}')
    assert isinstance(found, Request)
    assert (found.id, found.method, found.params) == (7, "tools/call", {"name": "a", "n": 1000.0})


def test_a_request_without_params_has_empty_ones() -> None:
    found = read(b'{"jsonrpc":"2.0","id":"a","method":"ping"}')
    assert isinstance(found, Request)
    assert (found.id, found.params) == ("a", {})


def test_a_message_without_an_id_is_a_notification() -> None:
    found = read(b'{"jsonrpc":"2.0","method":"notifications/initialized","params":{"a":1}}')
    assert isinstance(found, Notification)
    assert (found.method, found.params) == ("notifications/initialized", {"a": 1})


def test_params_of_a_notification_that_are_no_object_are_absent() -> None:
    found = read(b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":[1]}')
    assert isinstance(found, Notification)
    assert found.params == {}


def test_a_result_is_a_response() -> None:
    found = read(b'{"jsonrpc":"2.0","id":1,"result":{"a":[1, 2]}}')
    assert isinstance(found, Response)
    assert (found.id, bytes(found.result)) == (1, b'{"a":[1, 2]}')


def test_an_error_is_an_error_response_with_raw_data() -> None:
    found = read(b'{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"no","data":{"uri":"a:b"}}}')
    assert isinstance(found, ErrorResponse)
    assert (found.id, found.error.code, found.error.message) == (1, -32602, "no")
    assert bytes(found.error.data) == b'{"uri":"a:b"}'


@pytest.mark.parametrize("member", [b"", b'"id":null,'])
def test_an_error_may_lack_an_id(member: bytes) -> None:
    found = read(b'{"jsonrpc":"2.0",' + member + b'"error":{"code":1,"message":""}}')
    assert isinstance(found, ErrorResponse)
    assert found.id is None


@pytest.mark.parametrize(
    "error", [b"{}", b'{"code":1}', b'{"code":"1","message":""}', b'{"code":1.5,"message":""}', b"[]", b"null"]
)
def test_an_error_without_code_and_message_is_refused(error: bytes) -> None:
    found = read(b'{"jsonrpc":"2.0","id":1,"error":' + error + b"}")
    assert isinstance(found, Rejected)
    assert isinstance(found.error, InvalidRequest)


@pytest.mark.parametrize("result", [b"[]", b"null", b"1", b'"x"'])
def test_a_result_that_is_no_object_is_refused(result: bytes) -> None:
    found = read(b'{"jsonrpc":"2.0","id":1,"result":' + result + b"}")
    assert isinstance(found, Rejected)
    assert isinstance(found.error, InvalidRequest)


def test_unknown_members_are_ignored() -> None:
    found = read(b'{"extra":[{}],"jsonrpc":"2.0","id":1,"method":"ping","Params":{}}')
    assert isinstance(found, Request)
    assert found.params == {}


def test_a_refusal_names_the_id_when_it_was_readable() -> None:
    found = read(b'{"jsonrpc":"2.0","id":"me","method":"ping","params":[]}')
    assert isinstance(found, Rejected)
    assert (type(found.error), found.id) == (InvalidParams, "me")


def test_a_batch_keeps_order_and_judges_each_member() -> None:
    found = read(b'[{"jsonrpc":"2.0","id":1,"method":"a","params":{"x" :1}}, 5, {"jsonrpc":"2.0","method":"b"}]')
    assert isinstance(found, Batch)
    first, second, third = found.members
    assert isinstance(first, Request)
    assert first.params == {"x": 1}
    assert isinstance(second, Rejected)
    assert isinstance(third, Notification)


def test_a_batch_has_at_most_fifty_members() -> None:
    member = b'{"jsonrpc":"2.0","method":"a"}'
    assert isinstance(read(b"[" + b",".join([member] * 50) + b"]"), Batch)
    assert isinstance(read(b"[" + b",".join([member] * 51) + b"]"), Rejected)


def test_what_is_encoded_is_decoded_to_the_same() -> None:
    assert read(encode_request("é", "tools/call", {"name": "a"})) == Request("é", "tools/call", {"name": "a"})
    assert read(encode_request(1, "ping")) == Request(1, "ping")
    assert read(encode_notification("a", {"b": 1})) == Notification("a", {"b": 1})
    assert read(encode_result(1, {"b": 1})) == Response(1, Raw(b'{"b":1}'))
    assert read(encode_result("1", b'{"b":1}')) == Response("1", Raw(b'{"b":1}'))


def test_an_error_is_written_with_its_code_and_data() -> None:
    assert encode_error(3, ResourceNotFound("a:b")) == (
        b'{"jsonrpc":"2.0","id":3,"error":{"code":-32602,"message":"Resource not found","data":{"uri":"a:b"}}}'
    )


def test_an_error_to_an_unreadable_id_has_none() -> None:
    assert encode_error(None, Malformed("Parse error")) == (
        b'{"jsonrpc":"2.0","error":{"code":-32700,"message":"Parse error"}}'
    )


def test_a_message_is_one_line_even_around_ready_made_json() -> None:
    raw = Raw(b'{\r\n  "a": "b\\n"\n}')
    assert encode_notification("m", raw) == b'{"jsonrpc":"2.0","method":"m","params":{"a":"b\\n"}}'
    assert encode_result(1, bytes(raw)) == b'{"jsonrpc":"2.0","id":1,"result":{"a":"b\\n"}}'


class Point(Struct, tag=True, rename="camel", omit_defaults=True):
    x_name: str
    rest: list[Any] | None = None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": float("nan"), "b": [float("inf")]}, b'{"a":null,"b":[null]}'),
        ("a\ud800b", '"a\ufffdb"'.encode()),
        ("\ud83d\ude00", '"\U0001f600"'.encode()),
        ({"\udfff": ("x\ud800", {1: "\ud800"})}, '{"\ufffd":["x\ufffd",{"1":"\ufffd"}]}'.encode()),
        (Point("\ud800"), '{"type":"Point","xName":"\ufffd"}'.encode()),
        (Point("a", ["\ud800", b"b"]), '{"type":"Point","xName":"a","rest":["\ufffd","Yg=="]}'.encode()),
        (10**30, b"1" + b"0" * 30),
        ("\u2028", '"\u2028"'.encode()),
    ],
)
def test_encoding_repairs_what_json_cannot_carry(value: Any, expected: bytes) -> None:
    assert encode_result(1, value) == b'{"jsonrpc":"2.0","id":1,"result":' + expected + b"}"


@given(st.binary(max_size=200))
def test_no_bytes_make_the_decoder_raise(data: bytes) -> None:
    assert isinstance(read(data), Rejected)


TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
)


@given(st.dictionaries(TEXT, JSON), st.booleans(), st.integers(0, 20_000))
def test_any_object_passes_as_params_and_keeps_its_value(params: dict[str, Any], ascii_only: bool, pad: int) -> None:  # noqa: FBT001  hypothesis passes by position
    message = {"jsonrpc": "2.0", "id": 1, "method": "m", "pad": " " * pad, "params": params}
    found = read(json.dumps(message, ensure_ascii=ascii_only).encode())
    assert isinstance(found, Request)
    assert found.params == params


MEMBERS = b"""
"jsonrpc":"2.0" "id":1 "id":"1" "id":null "id":1.5 "method":"m" "method":1 "params":{} "params":[]
"result":{} "result":1 "error":{"code":1,"message":"x"} "error":1
""".split()
MEMBER = st.sampled_from(MEMBERS)


@given(st.lists(MEMBER, unique_by=lambda member: member.split(b":")[0]))
def test_any_object_is_judged_by_its_members(members: list[bytes]) -> None:
    found = read(b"{" + b",".join(members) + b"}")
    if isinstance(found, Request):
        assert {b'"jsonrpc":"2.0"', b'"method":"m"'} <= set(members)
        assert f'"id":{json.dumps(found.id)}'.encode() in members
    elif isinstance(found, Notification):
        assert not any(member.startswith(b'"id"') for member in members)
    elif isinstance(found, Response):
        assert b'"result":{}' in members
        assert not any(member.startswith(b'"method"') for member in members)
