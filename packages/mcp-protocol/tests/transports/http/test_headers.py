"""The strict view of header fields: what counts once, what is text, what covers what."""

from typing import Any

import pytest

from mcp_protocol.errors import HeaderMismatch
from mcp_protocol.session.calls import Call, Trace
from mcp_protocol.transports.http.headers import accepts, collect, head_of, is_json, traced


def test_fields_are_found_by_name() -> None:
    fields, doubled = collect([(b"host", b"h"), (b"accept", b"*/*")])
    assert (fields[b"host"], doubled) == (b"h", frozenset())


def test_a_list_field_that_came_twice_is_joined() -> None:
    fields, doubled = collect([(b"accept", b"text/html"), (b"accept", b"application/json")])
    assert (fields[b"accept"], doubled) == (b"text/html, application/json", frozenset())


@pytest.mark.parametrize(
    "name",
    [
        b"host",
        b"origin",
        b"authorization",
        b"content-type",
        b"content-encoding",
        b"content-length",
        b"last-event-id",
        b"mcp-session-id",
        b"mcp-protocol-version",
        b"mcp-method",
        b"mcp-name",
        b"mcp-param-region",
        b"mcp-anything",
    ],
)
def test_a_deciding_field_that_came_twice_is_named(name: bytes) -> None:
    assert collect([(name, b"a"), (name, b"a")])[1] == {name}


def test_mirrored_values_lose_their_outer_blanks_only() -> None:
    fields = {b"mcp-method": b" \ttools/call ", b"mcp-name": b"a  b", b"mcp-param-region": b" west "}
    head = head_of(fields)
    assert (head.version, head.method, head.name, head.params) == (None, "tools/call", "a  b", {"region": "west"})


@pytest.mark.parametrize("value", [b"caf\xc3\xa9", b"\xff", b"a\x7fb", b"a\x00b", b"a\x1bb", b"x" * 200 + b"\xff"])
@pytest.mark.parametrize("name", [b"mcp-method", b"mcp-name", b"mcp-protocol-version", b"mcp-param-x"])
def test_what_is_not_visible_ascii_is_a_mismatch(name: bytes, value: bytes) -> None:
    with pytest.raises(HeaderMismatch, match=name.decode()):
        head_of({name: value})


@pytest.mark.parametrize(
    "value",
    [b"application/json", b"Application/JSON", b"application/json; charset=utf-8", b'application/json;charset="UTF-8"'],
)
def test_json_with_or_without_its_charset_is_json(value: bytes) -> None:
    assert is_json(value)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"text/plain",
        b"application/json-evil",
        b"application/jsonx",
        b"application/json, text/plain",
        b"application/json; charset=utf-16",
        b"application/json; charset=utf-8; charset=utf-16",
        b"json",
        b"application/json; boundary=x",
        b"multipart/form-data",
        b"application/x-www-form-urlencoded",
    ],
)
def test_anything_else_is_not(value: bytes) -> None:
    assert not is_json(value)


@pytest.mark.parametrize(
    ("accept", "covered"),
    [
        (b"application/json, text/event-stream", True),
        (b"text/event-stream;q=0.5,*/*", True),
        (b"TEXT/EVENT-STREAM", True),
        (b"text/*", True),
        (b"*/*;q=0.001", True),
        (b"", False),
        (b"application/json", False),
        (b"text/event-streams", False),
        (b"text/event-stream;q=0", False),
        (b"*/*, text/event-stream; q=0.000", False),
        (b"text/*;q=0, */*", False),
    ],
)
def test_accept_covers_what_its_most_particular_range_says(accept: bytes, *, covered: bool) -> None:
    assert accepts(accept, b"text/event-stream") is covered


FROM_HEADER, FROM_META = (f"00-{digit * 32}-{digit * 16}-01" for digit in "ab")


@pytest.mark.parametrize(("own", "expected"), [(Trace(), FROM_HEADER), (Trace(FROM_META), FROM_META)])
def test_the_trace_context_of_a_header_counts_where_meta_has_none(own: Trace, expected: str) -> None:
    peer: Any = None
    call = Call(id=1, method="ping", params={}, peer=peer, trace=own)
    found = traced(call, {b"traceparent": FROM_HEADER.encode(), b"baggage": b"b"}).trace
    assert (found.traceparent, found.tracestate) == (expected, None)
    assert traced(call, {}) is call
