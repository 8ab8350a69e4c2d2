"""Mirrored headers: the values of the specification, and agreement with how the server reads them."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_protocol.client.headers import encoded, param_headers
from mcp_protocol.schema import Mirrored
from mcp_protocol.session.inbound import decoded_header


@pytest.mark.parametrize(
    ("value", "header"),
    [
        ("us-west1", "us-west1"),
        ("Hello, \u4e16\u754c", "=?base64?SGVsbG8sIOS4lueVjA==?="),
        (" padded ", "=?base64?IHBhZGRlZCA=?="),
        ("line1\nline2", "=?base64?bGluZTEKbGluZTI=?="),
        ("=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="),
        ("=?base64?only a prefix", "=?base64?only a prefix"),
        ("only a suffix?=", "only a suffix?="),
        ("", ""),
        ("a b\tc", "a b\tc"),
        ("a\x7f", "=?base64?YX8=?="),
        ("a\r", "=?base64?YQ0=?="),
    ],
)
def test_values_are_plain_where_a_header_can_carry_them(value: str, header: str) -> None:
    assert encoded(value) == header


@given(st.text(st.characters(exclude_categories=["Cs"])) | st.text(st.sampled_from("=?base64 \t\r\nx")))
def test_the_server_reads_what_was_meant(value: str) -> None:
    header = encoded(value)
    assert re.fullmatch(r"[\x20-\x7e\t]*", header)
    assert header == header.strip()
    assert decoded_header(header) == value


@pytest.mark.parametrize(
    ("arguments", "headers"),
    [
        ({"a": "x", "b": {"c": 42}, "d": True}, {"Mcp-Param-A": "x", "Mcp-Param-C": "42", "Mcp-Param-D": "true"}),
        ({"a": "", "b": {"c": -7}, "d": False}, {"Mcp-Param-A": "", "Mcp-Param-C": "-7", "Mcp-Param-D": "false"}),
        ({"a": None, "b": {}}, {}),
        ({"b": 5}, {}),
        ({}, {}),
    ],
)
def test_arguments_that_are_there_become_headers(arguments: dict[str, Any], headers: dict[str, str]) -> None:
    mirrored = (
        Mirrored(("a",), "A", "string"),
        Mirrored(("b", "c"), "C", "integer"),
        Mirrored(("d",), "D", "boolean"),
    )
    assert param_headers(mirrored, arguments) == headers
