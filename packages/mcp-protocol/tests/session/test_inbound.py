"""The modern ladder over decoded requests: each step, and that the first failure wins."""

from typing import Any

import pytest

from mcp_protocol.errors import (
    Code,
    HeaderMismatch,
    InvalidParams,
    MethodNotFound,
    RemoteProtocolError,
    UnsupportedRevision,
)
from mcp_protocol.jsonrpc import Request
from mcp_protocol.limits import Limits
from mcp_protocol.session.calls import LOCAL, NO_TRACE, Call, Head, Trace
from mcp_protocol.session.inbound import accept_modern, decoded_header, has_envelope
from mcp_protocol.session.profile import Profile

PROFILE = Profile(
    methods=frozenset({"tools/list", "tools/call", "initialize", "ping", "server/discover"}), limits=Limits()
)
P = "io.modelcontextprotocol/"
META: dict[str, Any] = {P + "protocolVersion": "2026-07-28", P + "clientCapabilities": {}}


def accept(method: str = "tools/list", params: Any = None, head: Head | None = None) -> Call:
    given = {"_meta": META} if params is None else params
    return accept_modern(Request(1, method, given), head, PROFILE, principal=LOCAL, transport="http")


def head(**changes: Any) -> Head:
    usual: dict[str, Any] = {"version": "2026-07-28", "method": "tools/list", "name": None, "params": {}}
    return Head(**usual | changes)


def test_a_complete_envelope_is_accepted() -> None:
    meta = META | {
        P + "clientInfo": {"name": "host", "version": "1"},
        P + "logLevel": "debug",
        "progressToken": 7,
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    }
    call = accept(params={"_meta": meta})
    assert (call.peer.revision, call.peer.log_level, call.progress_token) == ("2026-07-28", "debug", 7)
    assert call.peer.client is not None
    assert call.peer.client.name == "host"
    assert call.trace.traceparent is not None


@pytest.mark.parametrize(
    ("params", "missing"),
    [
        ({}, "protocolVersion"),
        ({"_meta": {}}, "protocolVersion"),
        ({"_meta": {P + "clientCapabilities": {}}}, "protocolVersion"),
        ({"_meta": {P + "protocolVersion": "2026-07-28"}}, "clientCapabilities"),
    ],
)
def test_j17_missing_envelope_keys_are_named(params: Any, missing: str) -> None:
    with pytest.raises(InvalidParams, match=missing):
        accept(params=params)


@pytest.mark.parametrize("params", [{"_meta": []}, {"_meta": "x"}, {"_meta": None}])
def test_j17_a_meta_of_another_shape_is_refused(params: Any) -> None:
    with pytest.raises(InvalidParams):
        accept(params=params)


def test_an_unknown_version_names_what_is_served_and_what_was_asked() -> None:
    with pytest.raises(UnsupportedRevision) as caught:
        accept(params={"_meta": META | {P + "protocolVersion": "v999.0.0"}})
    assert caught.value.data == {"supported": ["2026-07-28"], "requested": "v999.0.0"}


def test_an_envelope_may_not_name_a_legacy_version() -> None:
    with pytest.raises(UnsupportedRevision):
        accept(params={"_meta": META | {P + "protocolVersion": "2025-11-25"}})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (P + "protocolVersion", 20260728),
        (P + "clientCapabilities", []),
        (P + "clientCapabilities", {"roots": 1}),
        (P + "clientInfo", "host"),
        (P + "clientInfo", {"name": "host"}),
        (P + "logLevel", "loud"),
        ("progressToken", {}),
        ("progressToken", True),
        ("progressToken", 1.5),
        ("progressToken", "x" * 1025),
    ],
)
def test_j20_a_member_of_the_wrong_shape_is_invalid_params(key: str, value: Any) -> None:
    with pytest.raises(InvalidParams):
        accept(params={"_meta": META | {key: value}})


@pytest.mark.parametrize("method", ["initialize", "ping", "unknown/method", "prompts/list", "tasks/list", "TOOLS/LIST"])
def test_methods_of_the_other_era_or_not_offered_do_not_exist(method: str) -> None:
    with pytest.raises(MethodNotFound):
        accept(method)


@pytest.mark.parametrize(
    "changes",
    [
        {"version": None},
        {"version": "2025-11-25"},
        {"method": None},
        {"method": "TOOLS/LIST"},
        {"method": "tools/call"},
    ],
)
def test_h10_a_header_that_differs_from_the_body_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(HeaderMismatch):
        accept(head=head(**changes))


def test_a_header_mismatch_comes_before_the_unsupported_version() -> None:
    with pytest.raises(HeaderMismatch):
        accept(params={"_meta": META | {P + "protocolVersion": "v999.0.0"}}, head=head())


@pytest.mark.parametrize(
    ("name", "good"), [("echo", True), (None, False), ("Echo", False), ("=?base64?ZWNobw==?=", True)]
)
def test_h10_mcp_name_must_say_the_tool(name: str | None, good: bool) -> None:  # noqa: FBT001  a table's column
    params = {"_meta": META, "name": "echo"}
    request_head = head(method="tools/call", name=name)
    if good:
        assert accept("tools/call", params, request_head).method == "tools/call"
        return
    with pytest.raises(HeaderMismatch):
        accept("tools/call", params, request_head)


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("plain", "plain"),
        ("=?base64?SGVsbG8=?=", "Hello"),
        ("=?base64??=", ""),
        ("=?base64?SGVsbG8?=", None),
        ("=?base64?SGVs!!!bG8=?=", None),
        ("=?base64?SGVsbG9=?=", None),
        ("=?base64?/w==?=", None),
        ("=?base64?SGVsbG8=", "=?base64?SGVsbG8="),
        ("SGVsbG8=?=", "SGVsbG8=?="),
        ("=?BASE64?SGVsbG8=?=", "=?BASE64?SGVsbG8=?="),
    ],
)
def test_the_sentinel_is_decoded_strictly(header: str, text: str | None) -> None:
    assert decoded_header(header) == text


def test_every_refusal_has_a_code_of_the_revision_and_a_status() -> None:
    assert issubclass(UnsupportedRevision, RemoteProtocolError)
    assert UnsupportedRevision("x", supported=[]).http_status == 400
    assert MethodNotFound("x").http_status == 404
    assert HeaderMismatch("x").code == Code.HEADER_MISMATCH


def test_only_a_named_version_makes_a_pipe_message_modern() -> None:
    assert has_envelope({"_meta": {P + "protocolVersion": 1}})
    assert not has_envelope({"_meta": {"progressToken": 1}})
    assert not has_envelope({})
    assert not has_envelope({"_meta": []})


PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize(
    "parent",
    [
        "",
        "00",
        PARENT.upper(),
        PARENT + "\n",
        PARENT + "-more",
        "ff" + PARENT[2:],
        PARENT.replace("0af7651916cd43dd8448eb211c80319c", "0" * 32),
        PARENT.replace("b7ad6b7169203331", "0" * 16),
        PARENT.replace("-", "_"),
        7,
        None,
    ],
)
def test_a_trace_context_that_is_not_well_formed_is_none(parent: Any) -> None:
    assert accept(params={"_meta": META | {"traceparent": parent, "tracestate": "a=b"}}).trace == NO_TRACE


def test_a_trace_context_is_kept_with_its_state_and_baggage_unless_they_are_endless() -> None:
    found = accept(params={"_meta": META | {"traceparent": PARENT, "tracestate": "a=b", "baggage": "c=d"}}).trace
    assert found == Trace(PARENT, "a=b", "c=d")
    later = accept(params={"_meta": META | {"traceparent": "01" + PARENT[2:] + "-x", "tracestate": "a" * 513}}).trace
    assert later == Trace("01" + PARENT[2:] + "-x")
