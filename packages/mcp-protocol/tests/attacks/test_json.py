"""Attack cases J1 to J22 against the decoder: hostile JSON is refused quickly, and never raises.

Related advisories: CVE-2025-53365 and CVE-2025-53366 (a malformed message kills the server), CVE-2026-27896 and
GHSA-q382-vc8q-7jhj (lenient JSON).
"""

import time
from typing import Any

import msgspec
import pytest

from mcp_protocol.errors import InvalidParams, InvalidRequest, Malformed, ProtocolError
from mcp_protocol.jsonrpc import Batch, ErrorResponse, Rejected, Request, Response, decode
from mcp_protocol.limits import Limits
from mcp_protocol.types import RequestMeta

LIMITS = Limits()


def call(arguments: bytes = b"{}", *, id_: bytes = b"1", name: bytes = b'"t"') -> bytes:
    params = b'{"name":%b,"arguments":%b}' % (name, arguments)
    return b'{"jsonrpc":"2.0","id":%b,"method":"tools/call","params":%b}' % (id_, params)


def refusal(data: bytes) -> type[ProtocolError]:
    found = decode(data, LIMITS)
    assert isinstance(found, Rejected), found
    assert len(found.error.message) < 200
    return type(found.error)


def accepted(data: bytes) -> Request:
    found = decode(data, LIMITS)
    assert isinstance(found, Request), found
    return found


def seconds(data: bytes) -> float:
    begin = time.thread_time()
    decode(data, LIMITS)
    return time.thread_time() - begin


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_j1_params_nested_a_hundred_thousand_deep_are_a_parse_error(opening: bytes, closing: bytes) -> None:
    assert refusal(call(opening * 100_000 + b"1" + closing * 100_000)) is Malformed


def test_j2_a_million_brackets_are_refused_in_a_tenth_of_a_second() -> None:
    data = b"[" * 1_000_000
    assert refusal(data) is Malformed
    assert seconds(data) < 0.1


@pytest.mark.parametrize("pad", [0, 100_000])
def test_j3_depth_64_passes_and_65_does_not(pad: int) -> None:
    def nested(levels: int) -> bytes:
        inner = b"[" * levels + b"]" * levels
        return b'{"jsonrpc":"2.0","id":1,"method":"m","pad":"%b","params":{"a":%b}}' % (b" " * pad, inner)

    accepted(nested(62))
    assert refusal(nested(63)) is Malformed


@pytest.mark.parametrize("number", [b"1" * 5000, b"-" + b"9" * 5000, b"1e400", b"-1e400", b"1e999999999"])
def test_j4_numbers_out_of_range_are_refused_as_argument_and_as_id(number: bytes) -> None:
    assert refusal(call(b'{"n":' + number + b"}")) is Malformed
    assert refusal(call(id_=number)) is Malformed


@pytest.mark.parametrize("literal", [b"NaN", b"Infinity", b"-Infinity", b"nan"])
def test_j5_nan_and_infinity_are_no_json(literal: bytes) -> None:
    assert refusal(call(b'{"n":' + literal + b"}")) is Malformed


@pytest.mark.parametrize("pad", [b"", b" " * 100_000])
@pytest.mark.parametrize(
    "data",
    [
        b'{"jsonrpc":"2.0","id":1,"method":"a","method":"b"}',
        b'{"jsonrpc":"2.0","id":1,"id":1,"method":"a"}',
        b'{"jsonrpc":"2.0","id":1,"method":"a","params":{"name":"x","name":"y"}}',
        b'{"jsonrpc":"2.0","id":1,"method":"a","params":{"arguments":{"p":1,"p":2}}}',
        b'{"jsonrpc":"2.0","id":1,"method":"a","params":{"arguments":{"p":1,"\\u0070":2}}}',
    ],
)
def test_j6_duplicate_keys_anywhere_are_refused(data: bytes, pad: bytes) -> None:
    assert refusal(data + pad) is Malformed


def test_j7_lone_surrogates_are_refused_wherever_they_are() -> None:
    lone = b'"\\ud800"'
    assert refusal(call(id_=lone)) is Malformed
    assert refusal(call(name=lone)) is Malformed
    assert refusal(call(b'{"path":"a\\udc00b"}')) is Malformed
    assert refusal(b'{"jsonrpc":"2.0","id":1,"method":' + lone + b"}") is Malformed
    assert refusal(call(b'{"path":"\xed\xa0\x80"}')) is Malformed


def test_j7_a_line_separator_in_a_string_is_data() -> None:
    assert accepted(call('{"t":"\u2028"}'.encode())).params["arguments"] == {"t": "\u2028"}


def test_j8_raw_control_characters_are_refused_and_escaped_ones_are_data() -> None:
    assert refusal(call(b'{"t":"\x01"}')) is Malformed
    assert refusal(call(name=b'"a\x00"')) is Malformed
    accepted(call(name=b'"a\\u0000"'))


@pytest.mark.parametrize("key", ["Method", "METHOD", "metho\u010f", "method ", "method\\u0000", " method"])
def test_j9_cve_2026_27896_members_are_known_by_their_exact_name(key: str) -> None:
    data = f'{{"jsonrpc":"2.0","id":1,"{key}":"tools/call"}}'.encode()
    assert refusal(data) is InvalidRequest


@pytest.mark.parametrize("key", ["param\u017f", "Params", "params "])
def test_j9_look_alikes_of_params_are_unknown_members(key: str) -> None:
    assert accepted(f'{{"jsonrpc":"2.0","id":1,"method":"m","{key}":{{}}}}'.encode()).params == {}


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf" + call(),
        call().decode().encode("utf-16"),
        call().decode().encode("utf-16-le"),
        call().decode().encode("utf-32"),
        call(b'{"t":"\xc0\xaf"}'),
        call(b'{"t":"\xe2\x82"}'),
        call(b'{"t":"\xff"}'),
        call()[:-3] + b"\xe2\x82",
    ],
)
def test_j10_only_utf8_without_a_mark_is_read(data: bytes) -> None:
    assert refusal(data) is Malformed


def test_j11_an_empty_array_is_refused_and_odd_members_one_by_one() -> None:
    assert refusal(b"[]") is InvalidRequest
    found = decode(b"[1]", LIMITS)
    assert isinstance(found, Batch)
    assert [type(member) for member in found.members] == [Rejected]


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"null", InvalidRequest),
        (b"true", InvalidRequest),
        (b"1", InvalidRequest),
        (b'"x"', InvalidRequest),
        (b"", Malformed),
        (b" \t ", Malformed),
    ],
)
def test_j12_values_that_are_no_object_are_refused(data: bytes, error: type[ProtocolError]) -> None:
    assert refusal(data) is error


@pytest.mark.parametrize("tail", [b"{}", b"#", b"\x00", b",", b" " + call()])
def test_j13_nothing_may_follow_a_message(tail: bytes) -> None:
    assert refusal(call() + tail) is Malformed


@pytest.mark.parametrize("version", [b'"1.0"', b"2.0", b"2", b'"2.0 "', b"null", b'["2.0"]'])
def test_j14_the_version_is_the_string_2_0(version: bytes) -> None:
    assert refusal(b'{"jsonrpc":' + version + b',"id":1,"method":"m"}') is InvalidRequest
    assert refusal(b'{"id":1,"method":"m"}') is InvalidRequest


@pytest.mark.parametrize("id_", [b"null", b"true", b"1.5", b"1.0", b"1e0", b"[]", b"{}", b'"' + b"x" * 1025 + b'"'])
def test_j15_other_ids_are_refused_and_not_echoed(id_: bytes) -> None:
    found = decode(call(id_=id_), LIMITS)
    assert isinstance(found, Rejected)
    assert isinstance(found.error, InvalidRequest)
    assert found.id is None


@pytest.mark.parametrize("id_", [0, -1, 2**53 + 1, 2**64, 10**30, "", "1", "a\nb", "x" * 1024])
def test_j15_integers_and_strings_are_exact(id_: int | str) -> None:
    found = accepted(call(id_=msgspec.json.encode(id_))).id
    assert (type(found), found) == (type(id_), id_)


@pytest.mark.parametrize("method", ["", "rpc.x", "tools/call\n", "__class__", "x" * 1_000_000])
def test_j16_a_method_is_any_string(method: str) -> None:
    data = msgspec.json.encode({"jsonrpc": "2.0", "id": 1, "method": method})
    assert accepted(data).method == method


@pytest.mark.parametrize("method", [b"1", b"null", b"true", b"[]", b"{}"])
def test_j16_and_nothing_else(method: bytes) -> None:
    assert refusal(b'{"jsonrpc":"2.0","id":1,"method":' + method + b"}") is InvalidRequest


@pytest.mark.parametrize("params", [b"[]", b"null", b'"x"', b"1", b"false"])
def test_j17_params_are_an_object(params: bytes) -> None:
    found = decode(b'{"jsonrpc":"2.0","id":9,"method":"m","params":' + params + b"}", LIMITS)
    assert isinstance(found, Rejected)
    assert (type(found.error), found.error.http_status, found.id) == (InvalidParams, 400, 9)


def test_j19_a_response_or_error_is_told_apart_from_a_request() -> None:
    assert isinstance(decode(b'{"jsonrpc":"2.0","id":1,"result":{}}', LIMITS), Response)
    assert isinstance(decode(b'{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"m"}}', LIMITS), ErrorResponse)


@pytest.mark.parametrize("token", [{}, [], True, 1.5, "x" * 1025])
def test_j20_a_progress_token_is_a_moderate_string_or_an_integer(token: Any) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode({"progressToken": token}), type=RequestMeta)


@pytest.mark.parametrize("unit", [b'"%x":0', b'"%x":{}', b'"%x":":"'])
def test_j21_hundreds_of_thousands_of_keys_are_read_within_a_second(unit: bytes) -> None:
    data = call(b"{" + b",".join(unit % number for number in range(249_000)) + b"}")
    assert LIMITS.message / 2 < len(data) < LIMITS.message
    accepted(data)
    assert seconds(data) < 1


@pytest.mark.parametrize("unit", [b"[]", b"{}", b'{"":0}', b"[" * 50 + b"]" * 50])
def test_j21_a_million_objects_are_refused_before_memory_is_spent_on_them(unit: bytes) -> None:
    data = call(b'{"a":[' + b",".join([unit] * (4_000_000 // (len(unit) + 1))) + b"]}")
    assert refusal(data) is Malformed
    assert seconds(data) < 0.5


@pytest.mark.parametrize("unit", [b"0.5", b"0", b'""', b'"\\u003a"', b"9" * 4000, b'"[{\\""'])
def test_j21_a_million_scalars_are_read_within_a_second(unit: bytes) -> None:
    data = call(b'{"a":[' + b",".join([unit] * (4_000_000 // (len(unit) + 1))) + b"]}")
    accepted(data)
    assert seconds(data) < 1


@pytest.mark.parametrize(("extra", "passes"), [(-1, True), (0, True), (1, False)])
def test_j22_the_size_limit_is_exact(extra: int, passes: bool) -> None:  # noqa: FBT001  pytest passes by name
    frame = len(call(b'{"t":""}'))
    data = call(b'{"t":"' + b"x" * (LIMITS.message + extra - frame) + b'"}')
    assert isinstance(decode(data, LIMITS), Request) is passes
