"""`Mcp-Param-*` against the arguments: each kind of value, and every way to say something else."""

from typing import Any

import pytest

from mcp_protocol.errors import HeaderMismatch
from mcp_protocol.schema.headers import Mirrored, mirrored_headers
from mcp_protocol.session.calls import Head
from mcp_protocol.session.mirrored import check_params

MIRRORED = mirrored_headers(
    {
        "type": "object",
        "properties": {
            "region": {"type": "string", "x-mcp-header": "Region"},
            "inner": {"type": "object", "properties": {"count": {"type": "integer", "x-mcp-header": "Count"}}},
            "deep": {"type": "boolean", "x-mcp-header": "Deep"},
        },
    }
)


def agrees(arguments: Any, **headers: str) -> bool:
    head = Head(version=None, method=None, name=None, params=headers)
    try:
        check_params(MIRRORED, arguments, head)
    except HeaderMismatch:
        return False
    return True


@pytest.mark.parametrize(
    ("arguments", "headers"),
    [
        ({}, {}),
        ({"region": None, "inner": None}, {}),
        ({"region": "eu"}, {"region": "eu"}),
        ({"region": ""}, {"region": ""}),
        ({"region": "Köln"}, {"region": "=?base64?S8O2bG4=?="}),
        ({"region": "=?base64?x"}, {"region": "=?base64?x"}),
        ({"inner": {"count": 42}}, {"count": "42"}),
        ({"inner": {"count": -42}}, {"count": "-42"}),
        ({"inner": {"count": 42}}, {"count": "42.0"}),
        ({"inner": {"count": 42}}, {"count": "042"}),
        ({"deep": True}, {"deep": "true"}),
        ({"deep": False}, {"deep": "false"}),
        ({"region": "eu", "inner": {"count": 1}, "deep": True}, {"region": "eu", "count": "1", "deep": "true"}),
    ],
)
def test_what_says_the_same_agrees(arguments: Any, headers: dict[str, str]) -> None:
    assert agrees(arguments, **headers)


@pytest.mark.parametrize(
    ("arguments", "headers"),
    [
        ({"region": "eu"}, {}),
        ({}, {"region": "eu"}),
        ({"region": None}, {"region": ""}),
        ({"region": "eu"}, {"region": "EU"}),
        ({"region": "eu"}, {"region": "=?base64?ZXU?="}),
        ({"inner": {"count": 42}}, {"count": "43"}),
        ({"inner": {"count": 42}}, {"count": "4.2e1"}),
        ({"inner": {"count": 42}}, {"count": "42."}),
        ({"inner": {"count": 42}}, {"count": "42.1"}),
        ({"inner": {"count": 42}}, {"count": "+42"}),
        ({"inner": {"count": 42}}, {"count": "0x2a"}),
        ({"inner": {"count": 42}}, {"count": "\u0664\u0662"}),
        ({"inner": {"count": 42}}, {"count": ""}),
        ({"inner": {"count": 10**30}}, {"count": "1" + "0" * 30}),
        ({"deep": True}, {"deep": "1"}),
        ({"deep": True}, {"deep": "True"}),
        ({"inner": "no object"}, {"count": "1"}),
        ([], {"region": "eu"}),
        (None, {"region": "eu"}),
    ],
)
def test_what_says_something_else_is_refused(arguments: Any, headers: dict[str, str]) -> None:
    assert not agrees(arguments, **headers)


def test_the_refusal_names_the_header_and_the_argument() -> None:
    one = Mirrored(("inner", "count"), "Count", "integer")
    with pytest.raises(HeaderMismatch, match=r"Mcp-Param-Count must equal the argument inner\.count"):
        check_params((one,), {"inner": {"count": 1}}, Head(version=None, method=None, name=None, params={}))
