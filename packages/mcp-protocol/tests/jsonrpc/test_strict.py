"""The strict reader: small and large texts are held to the same rules."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_protocol.errors import Malformed
from mcp_protocol.jsonrpc import strict
from mcp_protocol.limits import Limits

PADDING = {"small": 0, "large": 20_000}


def padded(text: bytes, size: str) -> bytes:
    """The text as the second of two elements; the first makes it as large as the name says."""
    return b'["%b",%b]' % (b"x" * PADDING[size], text)


def accepted(data: bytes, depth: int = 64) -> bool:
    try:
        strict.parse(data, Limits(depth=depth))
    except Malformed:
        return False
    return True


@pytest.mark.parametrize("size", PADDING)
@pytest.mark.parametrize(
    "text",
    [
        b"{}",
        b'{"a":1,"b":{"a":1}}',
        b'[{"a":1},{"a":1}]',
        b'{"a":"a:b","a:b":":"}',
        b'{"a":"\\u003a","b":":"}',
        b'"\\ud83d\\ude00 \\u2028"',
        b'"\xe2\x80\xa8"',
        b'"\\u0000"',
        b"-0",
        b"1E+2",
        b"123456789012345678901234567890",
        b'{"":""}',
        b" [ ] ",
    ],
)
def test_strict_json_is_accepted(text: bytes, size: str) -> None:
    assert strict.parse(padded(text, size), Limits())[1] == json.loads(text)


@pytest.mark.parametrize("size", PADDING)
@pytest.mark.parametrize(
    "text",
    [
        b'{"a":1,"a":1}',
        b'{"a":1,"\\u0061":2}',
        b'{"x":{"a":{"b":0},"a":[]}}',
        b'{"a":"\\u003a","a":1}',
        b'{"a":":","a":"\\u003A"}',
        b'{"a:":"","a:":""}',
        b'[{"":0,"":0}]',
        b"NaN",
        b"-Infinity",
        b"1e400",
        b"-1e400",
        b"1" * 5000,
        b'"\\ud800"',
        b'{"\\udc00":1}',
        b'"\\ude00\\ud83d"',
        b'"\x01"',
        b'"\t"',
        b"\xff",
        b'"\xc0\x80"',
        b'"\xed\xa0\x80"',
        b'"\xf4\x90\x80\x80"',
        b"01",
        b"+1",
        b".5",
        b"1.",
        b"0x1",
        b"'a'",
        b"[1,]",
        b'{"a":1,}',
        b"{1:2}",
        b'"\\x41"',
        b"// comment\n1",
        b"",
    ],
)
def test_lenient_json_is_refused(text: bytes, size: str) -> None:
    assert not accepted(padded(text, size))


@pytest.mark.parametrize("size", PADDING)
@pytest.mark.parametrize("level", [b"[%b]", b'{"a":%b}'])
def test_depth_counts_every_level(level: bytes, size: str) -> None:
    text = b"1"
    for _ in range(7):
        text = level % text
    assert accepted(padded(text, size), 8)
    assert not accepted(padded(text, size), 7)


def test_brackets_inside_strings_are_no_levels() -> None:
    assert accepted(b'["' + b"[{" * 100 + b'"]')
    assert accepted(b'"' + b"[" * 100 + b'"', 1)


@pytest.mark.parametrize("unit", [b"[]", b"{}", b'{"":0}'])
def test_too_many_containers_are_refused(unit: bytes) -> None:
    limits = Limits(containers=1000)
    assert strict.parse(b"[" + b",".join([unit] * 999) + b"]", limits)
    with pytest.raises(Malformed):
        strict.parse(b"[" + b",".join([unit] * 1000) + b"]", limits)


def test_brackets_and_quotes_inside_strings_are_no_containers() -> None:
    text = rb"[{\"[{" * 1000
    assert strict.parse(b'["' + text + b'",[]]', Limits(containers=2))
    with pytest.raises(Malformed):
        strict.parse(b'["' + text + b'",[],[]]', Limits(containers=2))


TEXT = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from(':"\\{[,'))
KEY = st.sampled_from(["", "a", ":", "\\", '"', "é"]) | TEXT
VALUE = st.recursive(st.integers() | TEXT, lambda inner: st.lists(inner) | st.dictionaries(KEY, inner), max_leaves=8)


@given(st.lists(st.tuples(KEY, VALUE), max_size=6), st.booleans())
def test_a_survey_sees_the_same_duplicates_as_the_hook(pairs: list[tuple[str, Any]], escape: bool) -> None:  # noqa: FBT001  hypothesis passes by position
    def dumped(value: Any) -> str:
        return json.dumps(value, ensure_ascii=escape).replace(":", "\\u003a" if escape else ":")

    # Escaping every colon would break the pairs themselves: only the strings of this level are written so.
    body = ",".join(f"{dumped(key)}:{json.dumps(value)}" for key, value in pairs)
    text = f"{{{body}}}".encode()
    unique = len({key for key, _ in pairs}) == len(pairs)
    assert accepted(padded(text, "small")) == accepted(padded(text, "large")) == unique
