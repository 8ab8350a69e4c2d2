"""What a hint looks like as a schema, and which hints have no portable form."""

import dataclasses
import datetime as dt
import enum
import uuid
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, TypedDict, TypeVar

import msgspec
import pytest
from msgspec import UNSET, Meta, Struct, UnsetType
from typing_extensions import TypeAliasType

from mcp_protocol.schema import Field, arg, form_schema, input_schema, is_union_of_structs, output_schema

Item = TypeVar("Item")


def described(hint: Any, **more: Any) -> dict[str, Any]:
    """The schema of one argument."""
    return input_schema([Field(name="value", hint=hint, **more)])["properties"]["value"]


class Kind(enum.Enum):
    """What it is."""

    FILE = "file"
    DIRECTORY = "directory"


class Edit(Struct, frozen=True, forbid_unknown_fields=True):
    """One replacement."""

    old_text: Annotated[str, arg("What stands there.")]
    count: int = 1


Path = NewType("Path", str)
Name = Annotated[str, arg("A name.", max_length=9)]
Alias = TypeAliasType("Alias", Name)  # what `type Alias = Name` makes in Python 3.12
Pairs = TypeAliasType("Pairs", list[Item], type_params=(Item,))
Named = NewType("Named", Name)  # pyright: ignore[reportGeneralTypeIssues]  msgspec reads it


# fmt: off
SCHEMAS: list[tuple[Any, dict[str, Any]]] = [
    (bool, {"type": "boolean"}),
    (Any, {}),
    (bytes, {"type": "string", "contentEncoding": "base64"}),
    (dt.datetime, {"type": "string", "format": "date-time"}),
    (dt.date, {"type": "string", "format": "date"}),
    (dt.timedelta, {"type": "string", "format": "duration"}),
    (uuid.UUID, {"type": "string", "format": "uuid"}),
    (Name, {"type": "string", "maxLength": 9, "description": "A name."}),
    (Annotated[Name, arg("Another.")], {"type": "string", "maxLength": 9, "description": "Another."}),
    (Path, {"type": "string"}),
    (Named, {"type": "string", "maxLength": 9, "description": "A name."}),
    (Alias, {"type": "string", "maxLength": 9, "description": "A name."}),
    (Pairs[int], {"type": "array", "items": {"type": "integer"}}),
    (Literal["z", "a"], {"type": "string", "enum": ["z", "a"]}),
    (Literal[2, 1], {"type": "integer", "enum": [2, 1]}),
    (Literal["a", 1], {"enum": ["a", 1]}),
    (Kind, {"type": "string", "enum": ["file", "directory"], "description": "What it is."}),
    (Sequence[int], {"type": "array", "items": {"type": "integer"}}),
    (list[Any], {"type": "array"}),
    (set[str], {"type": "array", "items": {"type": "string"}}),
    (Mapping[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
    (dict[str, Any], {"type": "object"}),
    (str | int, {"anyOf": [{"type": "string"}, {"type": "integer"}]}),
    (str | None, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
    (Annotated[str, Meta(title="S", examples=["a"])], {"type": "string", "title": "S", "examples": ["a"]}),
    (Annotated[str, arg("s", extra_json_schema={"x-a": 1})], {"type": "string", "description": "s", "x-a": 1}),
    (Annotated[Edit, arg("e")], {"$ref": "#/$defs/Edit", "description": "e"}),
]
# fmt: on


@pytest.mark.parametrize(("hint", "schema"), SCHEMAS, ids=str)
def test_a_hint_has_this_schema(hint: Any, schema: dict[str, Any]) -> None:
    assert described(hint) == schema


class Bounded(Struct, frozen=True, forbid_unknown_fields=True):
    head: Annotated[int, arg("How many.", ge=1)] | None


def test_a_required_null_stands_beside_the_type_and_below_the_description() -> None:
    nested = input_schema([Field(name="value", hint=Bounded)])["$defs"]["Bounded"]
    assert nested["properties"]["head"] == {
        "description": "How many.",
        "anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}],
    }


def test_the_root_is_an_object_in_place_and_structs_are_definitions() -> None:
    fields = [
        Field(name="path", hint=Name),
        Field(name="edits", hint=list[Edit], default=[], required=False),
        Field(name="first", hint=Edit | None, default=None, required=False),
    ]
    assert input_schema(fields) == {
        "type": "object",
        "properties": {
            "path": {"type": "string", "maxLength": 9, "description": "A name."},
            "edits": {"type": "array", "items": {"$ref": "#/$defs/Edit"}, "default": []},
            "first": {"$ref": "#/$defs/Edit"},
        },
        "required": ["path"],
        "additionalProperties": False,
        "$defs": {
            "Edit": {
                "type": "object",
                "description": "One replacement.",
                "properties": {
                    "old_text": {"type": "string", "description": "What stands there."},
                    "count": {"type": "integer", "default": 1},
                },
                "required": ["old_text"],
                "additionalProperties": False,
            }
        },
    }


def test_a_tool_without_parameters_has_the_empty_closed_object() -> None:
    assert input_schema([]) == {"type": "object", "additionalProperties": False}


def test_an_optional_argument_is_described_without_its_null() -> None:
    assert described(Name | None, default=None, required=False) == described(Name)


def test_what_is_said_around_an_optional_one_stays_when_its_null_goes() -> None:
    hint = Annotated[str | None, arg("A name.")]
    assert described(hint, default=None, required=False) == {"type": "string", "description": "A name."}
    assert form_schema(msgspec.defstruct("Form", [("name", hint, None)]))["properties"] == {
        "name": {"type": "string", "description": "A name."}
    }


def test_a_default_is_shown_as_json() -> None:
    assert described(Kind, default=Kind.FILE, required=False)["default"] == "file"
    assert described(tuple[str, ...], default=(), required=False)["default"] == []
    assert described(float, default=0, required=False)["default"] == 0
    assert described(bool, default=False, required=False)["default"] is False


def test_a_pattern_is_shown_as_its_author_wrote_it() -> None:
    assert described(Annotated[str, arg("p", pattern="^[a-z]+$")])["pattern"] == "^[a-z]+$"
    assert described(Annotated[str, arg("p", pattern=r"^a\$")])["pattern"] == r"^a\$"
    assert described(Annotated[str, Meta(pattern="^a")])["pattern"] == "^a"


@pytest.mark.parametrize(("value", "fits"), [("12", True), ("12\n", False), ("١٢", False)])
def test_a_pattern_means_what_json_schema_means(value: str, fits: bool) -> None:  # noqa: FBT001  a table's column
    hint = Annotated[str, arg("p", pattern=r"^\d+$")]
    try:
        msgspec.convert(value, hint)
    except msgspec.ValidationError:
        assert not fits
    else:
        assert fits


class Tree(Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    children: list["Tree"]


def test_a_struct_may_contain_itself() -> None:
    schema = input_schema([Field(name="tree", hint=Tree)])
    assert schema["$defs"]["Tree"]["properties"]["children"] == {"type": "array", "items": {"$ref": "#/$defs/Tree"}}
    assert output_schema(Tree)["properties"]["children"]["items"] == {"$ref": "#/$defs/Tree"}


class Page(Struct, Generic[Item], frozen=True, forbid_unknown_fields=True):
    items: list[Item]


def test_a_generic_struct_is_named_with_its_parameters() -> None:
    schema = input_schema([Field(name="a", hint=Page[int]), Field(name="b", hint=Page[str])])
    assert set(schema["$defs"]) == {"Page_int", "Page_str"}
    assert schema["$defs"]["Page_str"]["properties"]["items"] == {"type": "array", "items": {"type": "string"}}


def test_two_structs_of_one_name_get_two_definitions() -> None:
    other = msgspec.defstruct("Edit", [("a", int)], forbid_unknown_fields=True)
    schema = input_schema([Field(name="one", hint=Edit), Field(name="two", hint=other)])
    assert set(schema["$defs"]) == {"Edit", "Edit2"}
    assert schema["properties"]["two"] == {"$ref": "#/$defs/Edit2"}


class Open(Struct, frozen=True):
    name: str


class Positional(Struct, array_like=True, forbid_unknown_fields=True):
    name: str


class Pair(NamedTuple):
    left: int


class Typed(TypedDict):
    name: str


@dataclasses.dataclass
class Data:
    name: str


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (Open, "declare Open with forbid_unknown_fields=True"),
        (list[Open], "declare Open with forbid_unknown_fields=True"),
        (Positional, "array_like"),
        (tuple[int, str], "members by position"),
        (dict[int, str], "keys other than plain str"),
        (Decimal, "Decimal has no portable JSON Schema"),
        (Pair, "Pair has no portable"),
        (Typed, "Typed has no portable"),
        (Data, "Data has no portable"),
        (Item, "has no portable"),
        (Annotated[int, Meta(gt=0)], "use ge and le"),
        (Annotated[int, Meta(lt=0)], "use ge and le"),
    ],
    ids=str,
)
def test_what_has_no_portable_form_is_refused_by_name(hint: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        described(hint)
    assert "`value`" in str(caught.value)


class Found(Struct, frozen=True):
    """What was found."""

    name: str
    kind: Literal["a", "b"] | None
    size: Annotated[int, arg("Bytes.")] | None = None
    edit: Edit | None = None
    note: str | UnsetType = UNSET


class Sparse(Struct, frozen=True, omit_defaults=True, rename="camel"):
    end_line: int | None = None


def test_an_output_says_where_null_can_stand() -> None:
    assert output_schema(Found)["properties"] == {
        "name": {"type": "string"},
        "kind": {"anyOf": [{"type": "string", "enum": ["a", "b"]}, {"type": "null"}]},
        "size": {"description": "Bytes.", "anyOf": [{"type": "integer"}, {"type": "null"}]},
        "edit": {"anyOf": [{"$ref": "#/$defs/Edit"}, {"type": "null"}]},
        "note": {"type": "string"},
    }
    assert output_schema(Found)["description"] == "What was found."
    assert output_schema(Found)["required"] == ["name", "kind"]
    assert "additionalProperties" not in output_schema(Found)


def test_an_output_that_omits_defaults_has_no_null() -> None:
    assert output_schema(Sparse) == {"type": "object", "properties": {"endLine": {"type": "integer"}}}


class Cat(Struct, frozen=True, tag="cat"):
    name: str
    lives: int


class Dog(Struct, frozen=True, tag="dog"):
    name: str
    lives: str
    trick: Literal["sit"] = "sit"


class Bird(Struct, frozen=True, tag="bird"):
    name: str
    lives: float
    trick: Literal["sing"] = "sing"


def test_a_union_becomes_one_object_whose_tag_lists_its_values() -> None:
    assert output_schema(Cat | Dog | Bird) == {
        "type": "object",
        "properties": {
            "type": {"type": "string", "enum": ["cat", "dog", "bird"]},
            "name": {"type": "string"},
            "lives": {"anyOf": [{"type": "integer"}, {"type": "string"}, {"type": "number"}]},
            "trick": {"type": "string", "enum": ["sit", "sing"]},
        },
        "required": ["type", "name", "lives"],
    }


def test_an_output_must_be_made_of_structs() -> None:
    with pytest.raises(ValueError, match=r"is not a msgspec\.Struct"):
        output_schema(int)


def test_only_tagged_structs_can_be_told_apart() -> None:
    assert is_union_of_structs(Cat | Dog)
    assert is_union_of_structs(Open)
    assert not is_union_of_structs(Cat | Open)
    assert not is_union_of_structs(Cat | None)
    assert not is_union_of_structs(int)
