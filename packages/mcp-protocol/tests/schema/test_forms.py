"""Forms of elicitation: the schema that a client shows, in two generations, and reading the answer."""

import datetime as dt
import enum
from typing import Annotated, Any, Literal

import msgspec
import pytest
from jsonschema import Draft202012Validator
from msgspec import Struct

from mcp_protocol.revisions import Revision
from mcp_protocol.schema import arg, form_schema, read_form


class Level(enum.Enum):
    LOW = "low"
    HIGH = "high"


TITLES = {"value1": "First", "value2": "Second"}


class Order(Struct, frozen=True):
    """What the user orders."""

    name: Annotated[str, arg("Your name.", min_length=1, title="Name")]
    mail: Annotated[str, arg("Where to write.", format="email")]
    count: Annotated[int, arg("How many.", ge=1, le=9)] = 2
    price: float = 9.5
    gift: bool = False
    when: dt.date | None = None
    level: Level = Level.LOW
    plain: Literal["b", "a"] = "b"
    titled: Annotated[Literal["value1", "value2"], arg("Which.", titles=TITLES)] = "value1"
    several: Annotated[list[Literal["x", "y"]], arg("Some.", min_length=1)] = msgspec.field(default_factory=list)
    shown: list[Annotated[Literal["value1", "value2"], arg("", titles=TITLES)]] = []


EXPECTED: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "title": "Name", "description": "Your name."},
        "mail": {"type": "string", "description": "Where to write.", "format": "email"},
        "count": {"type": "integer", "minimum": 1, "maximum": 9, "description": "How many.", "default": 2},
        "price": {"type": "number", "default": 9.5},
        "gift": {"type": "boolean", "default": False},
        "when": {"type": "string", "format": "date"},
        "level": {"type": "string", "enum": ["low", "high"], "default": "low"},
        "plain": {"type": "string", "enum": ["b", "a"], "default": "b"},
        "titled": {
            "type": "string",
            "description": "Which.",
            "default": "value1",
            "oneOf": [{"const": "value1", "title": "First"}, {"const": "value2", "title": "Second"}],
        },
        "several": {
            "type": "array",
            "items": {"type": "string", "enum": ["x", "y"]},
            "minItems": 1,
            "description": "Some.",
            "default": [],
        },
        "shown": {
            "type": "array",
            "items": {"anyOf": [{"const": "value1", "title": "First"}, {"const": "value2", "title": "Second"}]},
            "default": [],
        },
    },
    "required": ["name", "mail"],
}


def test_a_form_is_flat_with_defaults_choices_and_titles() -> None:
    assert form_schema(Order) == EXPECTED
    Draft202012Validator.check_schema(form_schema(Order))


def test_2025_06_18_has_titles_as_pairs_and_only_boolean_defaults() -> None:
    fields = form_schema(Order, Revision.V2025_06_18)["properties"]
    assert fields["titled"] == {
        "type": "string",
        "description": "Which.",
        "enum": ["value1", "value2"],
        "enumNames": ["First", "Second"],
    }
    assert fields["count"] == {"type": "integer", "minimum": 1, "maximum": 9, "description": "How many."}
    assert fields["gift"] == {"type": "boolean", "default": False}


def test_an_answer_becomes_the_form_and_what_else_it_says_is_ignored() -> None:
    content = {"name": "Ada", "mail": "a@b", "count": 3.0, "when": "2026-01-31", "shown": ["value2"], "other": 1}
    assert read_form(Order, content) == Order(
        name="Ada", mail="a@b", count=3, when=dt.date(2026, 1, 31), shown=["value2"]
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({}, "`name` is required, a string: Your name. `mail` is required, a string: Where to write."),
        ({"name": 5, "mail": "m"}, "`name` must be a string, got 5."),
        ({"name": "", "mail": "m"}, "`name` must have at least 1 character, got 0."),
        ({"name": "a", "mail": "m", "count": 10}, "`count` must be between 1 and 9, got 10."),
        ({"name": "a", "mail": "m", "titled": "z"}, '`titled` must be one of "value1" or "value2", got "z".'),
        ({"name": "a", "mail": "m", "several": []}, "`several` must have at least 1 item, got 0."),
        ({"name": "a", "mail": "m", "several": ["z"]}, '`several[0]` must be one of "x" or "y", got "z".'),
        ({"name": "a", "mail": "m", "when": "soon"}, '`when` must be a date such as 2026-01-31, got "soon".'),
        ({"name": "a", "mail": "m", "gift": "yes"}, '`gift` must be true or false, got "yes".'),
    ],
)  # fmt: skip
def test_a_wrong_answer_is_a_value_error_that_says_where(content: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match="`") as caught:
        read_form(Order, content)
    assert str(caught.value) == words


class Empty(Struct):
    pass


def test_an_empty_form_asks_for_nothing_but_consent() -> None:
    assert form_schema(Empty) == {"type": "object", "properties": {}}
    assert read_form(Empty, {"a": 1}) == Empty()


class Inner(Struct, forbid_unknown_fields=True):
    a: int


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        (Inner, "a form is flat"),
        (dict[str, str], "a form is flat"),
        (list[str], "a choice of several"),
        (list[Inner], "a choice of several"),
        (str | int, "a form is flat"),
        (Annotated[str, arg("s", pattern="^a$")], "forms do not have pattern"),
        (dt.timedelta, "forms know the formats"),
        (Literal[1, 2], "forms do not have enum"),
    ],
    ids=str,
)  # fmt: skip
def test_what_clients_cannot_show_is_refused(hint: Any, words: str) -> None:
    form = msgspec.defstruct("Form", [("field", hint)])
    with pytest.raises(ValueError, match=words) as caught:
        form_schema(form)
    assert "Form.field" in str(caught.value)


@pytest.mark.parametrize(
    "name", ["password", "api_key", "apiKey", "APIKey", "access_token", "tokens", "clientSecret", "credentials"]
)
def test_m4_a_form_never_asks_for_a_secret(name: str) -> None:
    """Attack case M4."""
    with pytest.raises(ValueError, match="must not ask for a secret"):
        form_schema(msgspec.defstruct("Form", [(name, str)]))


@pytest.mark.parametrize(("name", "hint"), [("max_tokens", int), ("keep_password", bool), ("secretary", str)])
def test_names_that_only_resemble_secrets_are_fine(name: str, hint: Any) -> None:
    assert name in form_schema(msgspec.defstruct("Form", [(name, hint)]))["properties"]
