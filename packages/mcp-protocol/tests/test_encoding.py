"""The one encoder: what JSON cannot carry is repaired, and nothing else of a value changes by that."""

import math

import msgspec
import pytest
from msgspec import UNSET, Struct, UnsetType, field

from mcp_protocol.encoding import encode


class Plain(Struct):
    """Fields that are told even where they are as usual."""

    text: str
    absent: int | UnsetType = UNSET
    told: int = 3
    several: list[int] = field(default_factory=list[int])


class Sparse(Struct, omit_defaults=True, tag="sparse", rename="camel"):
    """Fields that are told only where they are not as usual."""

    text: str
    left_out: int | UnsetType = 3
    several: list[int] = field(default_factory=list[int])
    by_name: dict[str, int] = field(default_factory=dict[str, int])
    inside: Plain | None = None


VALUES = [
    *(Plain("?", absent=absent, several=several) for absent in (UNSET, 0) for several in ([], [1])),
    *(Sparse("?", left_out=number) for number in (UNSET, 3, 4)),
    Sparse("?", several=[0], by_name={"a": 0}, inside=Plain("?")),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_lone_surrogate_is_replaced_and_all_else_is_as_without_it(value: Plain | Sparse) -> None:
    without = encode(value)
    value.text = "\ud800"
    assert msgspec.json.decode(encode(value)) == {**msgspec.json.decode(without), "text": "�"}


def test_halves_that_belong_together_are_joined_wherever_they_are() -> None:
    assert encode({"\ud83d\ude00": ["\udfff", ("\ud83d\ude00",)]}) == '{"😀":["�",["😀"]]}'.encode()


def test_numbers_that_json_has_not_are_null() -> None:
    assert encode([math.nan, math.inf, -math.inf]) == b"[null,null,null]"


def test_an_encoded_value_is_one_line() -> None:
    assert encode({"a": msgspec.Raw(b"[1,\r\n2]"), "b": "\n"}) == b'{"a":[1,2],"b":"\\n"}'
