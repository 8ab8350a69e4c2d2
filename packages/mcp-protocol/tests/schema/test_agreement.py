"""The schema accepts exactly what the decoder accepts, and every refusal is explained. The oracle is jsonschema."""

import enum
import json
from typing import Annotated, Any, Literal, Optional

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from msgspec import NODEFAULT, Struct

from mcp_protocol.errors import ToolError
from mcp_protocol.schema import arg, faults, output_schema
from mcp_protocol.server.arguments import TypedArguments
from mcp_protocol.server.signature import Parameter


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Step(Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, arg("Its name.", min_length=1)]
    times: Annotated[int, arg("How often.", ge=1, le=9)] = 1


class Node(Struct, frozen=True, forbid_unknown_fields=True):
    step: Step
    children: list["Node"]


class Circle(Struct, frozen=True, forbid_unknown_fields=True, tag="circle"):
    radius: float


class Square(Struct, frozen=True, forbid_unknown_fields=True, tag="square"):
    side: int


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
WORDS = st.text("abAB01_- ", max_size=6)
STEP = st.fixed_dictionaries(
    {"name": WORDS | JSON}, optional={"times": st.integers(-1, 11) | st.sampled_from([1.0, 2.5]) | JSON, "x": JSON}
)
NODE: st.SearchStrategy[Any] = st.deferred(
    lambda: st.fixed_dictionaries({"step": STEP | JSON, "children": st.lists(NODE, max_size=2) | JSON})
)
SHAPES = st.fixed_dictionaries(
    {}, optional={"type": st.sampled_from(["circle", "square", "dot", 1]), "radius": JSON, "side": JSON}
)
NUMBERS = st.integers(-3, 12) | st.floats(-3, 12) | st.sampled_from([0.0, 5.0, 5.5, 2**70, -(2**70), 1e300])

CASES: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (bool, st.booleans()),
    (int, NUMBERS),
    (float, NUMBERS),
    (str, WORDS),
    (Annotated[int, arg("n", ge=1, le=10)], NUMBERS),
    (Annotated[int, arg("n", multiple_of=3)], NUMBERS),
    (Annotated[float, arg("n", ge=0.5)], NUMBERS),
    (Annotated[str, arg("s", min_length=2, max_length=4)], WORDS),
    (Annotated[str, arg("s", pattern="^[a-b0-1]+$")], WORDS),
    (Literal["a", "b-b"], st.sampled_from(["a", "b-b", "c"])),
    (Literal[1, 2], st.sampled_from([1, 2, 3, 1.0, True])),
    (Colour, st.sampled_from(["red", "blue", "green"])),
    (list[Annotated[int, arg("n", ge=0)]], st.lists(NUMBERS | JSON, max_size=3)),
    (Annotated[list[str], arg("l", min_length=1, max_length=2)], st.lists(WORDS, max_size=4)),
    (tuple[str, ...], st.lists(WORDS | JSON, max_size=3)),
    (set[str], st.lists(st.sampled_from(["a", "b"]), max_size=4)),
    (dict[str, int], st.dictionaries(WORDS, NUMBERS | JSON, max_size=3)),
    (Annotated[dict[str, str], arg("d", max_length=1)], st.dictionaries(WORDS, WORDS, max_size=3)),
    (str | None, st.none() | WORDS),
    (str | int, WORDS | NUMBERS),
    (Optional[Annotated[int, arg("n", ge=1)]], st.none() | NUMBERS),  # noqa: UP045  here it is a value
    (Step, STEP),
    (Step | None, STEP | st.none()),
    (list[Step], st.lists(STEP, max_size=2)),
    (Node, NODE),
    (Circle | Square, SHAPES),
    (list[Circle | Square], st.lists(SHAPES, max_size=2)),
    (Any, JSON),
    (list[Any], JSON),
    (dict[str, Any], JSON),
]


@pytest.mark.parametrize(("hint", "near"), CASES, ids=[str(hint) for hint, _ in CASES])
@given(data=st.data())
@settings(deadline=None, max_examples=40)
def test_the_schema_accepts_what_the_decoder_accepts(
    hint: Any, near: st.SearchStrategy[Any], data: st.DataObject
) -> None:
    arguments = TypedArguments("tool", [Parameter("value", hint, NODEFAULT)])
    value = data.draw(st.fixed_dictionaries({"value": near | JSON}) | JSON.filter(lambda other: other is not None))
    allowed = oracle(arguments.schema).is_valid(value)
    assert allowed == _is_decoded(arguments, value), arguments.schema


@pytest.mark.parametrize(("hint", "near"), CASES, ids=[str(hint) for hint, _ in CASES])
@given(data=st.data())
@settings(deadline=None, max_examples=20)
def test_every_refusal_is_explained_in_our_own_words(
    hint: Any, near: st.SearchStrategy[Any], data: st.DataObject
) -> None:
    arguments = TypedArguments("tool", [Parameter("value", hint, NODEFAULT)])
    value = data.draw(st.dictionaries(st.sampled_from(["value", "valu", "x"]), near | JSON, max_size=2))
    if _is_decoded(arguments, value):
        assert faults(value, arguments.schema, owner="tool") == []
    else:
        found = faults(value, arguments.schema, owner="tool")
        assert found
        assert all("`" in sentence and sentence.endswith((".", "?")) for sentence in found), found


@pytest.mark.parametrize("hint", [hint for hint, _ in CASES])
def test_every_schema_is_valid_2020_12_and_closed(hint: Any) -> None:
    schema = TypedArguments("tool", [Parameter("value", hint, NODEFAULT)]).schema
    oracle(schema)
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False
    text = json.dumps(schema)
    assert not any(word in text for word in ("discriminator", "prefixItems", "uniqueItems", "exclusive", "oneOf"))


def test_what_becomes_a_number_is_the_number() -> None:
    arguments = TypedArguments("tool", [Parameter("value", list[int], NODEFAULT)])
    assert arguments.typed(msgspec.json.decode(b'{"value":[5.0,-0.0,1e3]}')) == {"value": [5, 0, 1000]}


class Row(Struct, frozen=True):
    """One row."""

    name: str
    size: int | None
    at: Annotated[float, arg("When.", ge=0)] = 0.0
    tags: tuple[str, ...] = ()
    shape: Circle | Square | None = None


class Sparse(Struct, frozen=True, omit_defaults=True):
    rows: list[Row]
    more: str | None = None


ROWS = st.builds(
    Row,
    name=st.text(max_size=3),
    size=st.none() | st.integers(),
    at=st.floats(0, 1e9),
    tags=st.lists(st.text(max_size=2), max_size=2).map(tuple),
    shape=st.none() | st.builds(Circle, st.floats(0, 9)) | st.builds(Square, st.integers()),
)


@given(st.builds(Sparse, rows=st.lists(ROWS, max_size=3), more=st.none() | st.text(max_size=3)))
@settings(deadline=None)
def test_what_a_tool_returns_fits_its_output_schema(result: Sparse) -> None:
    schema = output_schema(Sparse)
    oracle(schema).validate(msgspec.json.decode(msgspec.json.encode(result)))


@given(st.builds(Circle, st.floats(0, 9)) | st.builds(Square, st.integers()))
@settings(deadline=None)
def test_a_union_as_result_fits_one_flat_object(result: Circle | Square) -> None:
    schema = output_schema(Circle | Square)
    assert schema["type"] == "object"
    assert not {"anyOf", "oneOf", "allOf"} & schema.keys()
    oracle(schema).validate(msgspec.to_builtins(result))


def oracle(schema: dict[str, Any]) -> Any:
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def _is_decoded(arguments: TypedArguments, value: Any) -> bool:
    try:
        arguments.typed(value)
    except ToolError:
        return False
    return True
