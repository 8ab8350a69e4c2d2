"""The words for what does not fit: golden texts, because a model has nothing else to go by."""

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import NODEFAULT, Struct

from mcp_protocol.errors import ToolError
from mcp_protocol.schema import arg
from mcp_protocol.server.arguments import TypedArguments
from mcp_protocol.server.signature import Parameter, signature


class Edit(Struct, frozen=True, forbid_unknown_fields=True):
    oldText: Annotated[str, arg("The text that stands there.\nExactly.")]  # noqa: N815  the names of the official server
    newText: str  # noqa: N815  the same
    occurrence: int | None = None


class Circle(Struct, frozen=True, forbid_unknown_fields=True, tag="circle"):
    radius: float


class Square(Struct, frozen=True, forbid_unknown_fields=True, tag="square"):
    side: Annotated[int, arg("Of the square.", ge=1)]


async def edit_file(  # noqa: PLR0913  one parameter of each kind
    ctx: object,
    path: Annotated[str, arg("The file to change.", min_length=1, max_length=4096)],
    *,
    edits: Annotated[Sequence[Edit], arg("Edits.", max_length=3)] = (),
    limit: Annotated[int, arg("How many.", ge=1, le=1000)] = 100,
    least: Annotated[float, arg("At least.", ge=0)] | None = None,
    step: Annotated[int, arg("Step.", multiple_of=5, le=50)] | None = None,
    sort_by: Annotated[Literal["name", "size", "mtime"], arg("Order.")] = "name",
    only: Annotated[Literal["this"], arg("One choice.")] | None = None,
    tag: Annotated[str, arg("Tag.", pattern="^[a-z]+$")] | None = None,
    env: Annotated[dict[str, int], arg("Environment.", max_length=1)] | None = None,
    shape: Annotated[Circle | Square, arg("Shape.")] | None = None,
    either: Annotated[str | int, arg("Either.")] | None = None,
    data: Annotated[bytes, arg("Data.")] | None = None,
    since: Annotated[dt.date, arg("Since.")] | None = None,
    dry_run: Annotated[bool, arg("Only say what would be done.")] = False,
) -> None:
    """Never called: only its signature matters."""


ARGUMENTS = TypedArguments("edit_file", signature(edit_file, "tool").parameters)
MEANT = "There is no argument `pth`; did you mean `path`?"
EDIT = {"oldText": "a", "newText": "b"}

# fmt: off
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"limit": 5000}, "`limit` must be between 1 and 1000, got 5000."),
    ({"limitt": 5}, "There is no argument `limitt`; did you mean `limit`?"),
    ({"sortBy": "name"}, "There is no argument `sortBy`; did you mean `sort_by`?"),
    ({"SORT-BY": "name"}, "There is no argument `SORT-BY`; did you mean `sort_by`?"),
    ({"limit": "ten"}, '`limit` must be an integer, got "ten".'),
    ({"limit": 1.5}, "`limit` must be an integer, got 1.5."),
    ({"limit": None}, "`limit` must be an integer, got null."),
    ({"limit": True}, "`limit` must be an integer, got true."),
    ({"least": -1}, "`least` must be at least 0, got -1."),
    ({"least": "1"}, '`least` must be a number, got "1".'),
    ({"step": 55}, "`step` must be at most 50, got 55."),
    ({"step": 7}, "`step` must be a multiple of 5, got 7."),
    ({"sort_by": "date"}, '`sort_by` must be one of "name", "size" or "mtime", got "date".'),
    ({"only": "that"}, '`only` must be "this", got "that".'),
    ({"tag": "A B"}, '`tag` must match the pattern `^[a-z]+$`, got "A B".'),
    ({"tag": "ab\n"}, '`tag` must match the pattern `^[a-z]+$`, got "ab\\n".'),
    ({"env": {"A": "x"}}, '`env["A"]` must be an integer, got "x".'),
    ({"env": {"A": 1, "B": 2}}, "`env` must have at most 1 member, got 2."),
    ({"env": []}, "`env` must be an object, got []."),
    ({"edits": [EDIT] * 4}, "`edits` must have at most 3 items, got 4."),
    ({"edits": [{"old_text": "", "newText": ""}]}, "`edits[0]` has no member `old_text`; did you mean `oldText`?"),
    ({"edits": [{"newText": "b"}]}, "`edits[0].oldText` is required, a string: The text that stands there."),
    ({"edits": [EDIT | {"x": 1}]}, "`edits[0]` has no member `x`; there are `oldText`, `newText` and `occurrence`."),
    ({"edits": [EDIT | {"occurrence": "first"}]}, '`edits[0].occurrence` must be an integer, got "first".'),
    ({"edits": ["a"]}, '`edits[0]` must be an object, got "a".'),
    ({"edits": "[]"}, '`edits` must be an array, got "[]".'),
    ({"shape": {"type": "square", "side": 0}}, "`shape.side` must be at least 1, got 0."),
    ({"shape": {"type": "circle", "r": 1, "radius": 1}}, "`shape` has no member `r`; there are `type` and `radius`."),
    ({"shape": {"type": "circle"}}, "`shape.radius` is required, a number."),
    ({"shape": {"type": "oval"}}, '`shape.type` must be one of "circle" or "square", got "oval".'),
    ({"shape": {"radius": 1}}, '`shape.type` is required, one of "circle" or "square".'),
    ({"shape": 5}, "`shape` must be an object, got 5."),
    ({"either": []}, "`either` must be a string or an integer, got []."),
    ({"data": "?"}, '`data` must be base64 text, got "?".'),
    ({"since": "soon"}, '`since` must be a date such as 2026-01-31, got "soon".'),
    ({"since": 5}, "`since` must be a date such as 2026-01-31, got 5."),
    ({"since": "2026-01-31", "dry_run": 1}, "`dry_run` must be true or false, got 1."),
    ({"dry_run": "yes"}, '`dry_run` must be true or false, got "yes".'),
    ({"path": ""}, "`path` must have between 1 and 4096 characters, got 0."),
    ({"path": ["a", "b"]}, '`path` must be a string, got ["a","b"].'),
]
# fmt: on


@pytest.mark.parametrize(("given", "words"), WRONG, ids=str)
def test_a_wrong_argument_is_told_in_these_words(given: dict[str, Any], words: str) -> None:
    assert refusal(ARGUMENTS, {"path": "a", **given}) == words


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "`path` is required, a string: The file to change."),
        ({"pth": "a"}, MEANT),
        ({"paths": "a", "step": 4}, f"{MEANT.replace('pth', 'paths')} `step` must be a multiple of 5, got 4."),
        ([], "The arguments of `edit_file` must be an object, got []."),
        ("path", 'The arguments of `edit_file` must be an object, got "path".'),
    ],
    ids=str,
)  # fmt: skip
def test_wrong_arguments_as_a_whole_are_told_in_these_words(given: Any, words: str) -> None:
    assert refusal(ARGUMENTS, given) == words


def test_without_a_near_name_the_names_are_listed() -> None:
    assert refusal(TypedArguments("t", []), {"x": 1}) == "There is no argument `x`; `t` takes none."
    one = TypedArguments("t", [Parameter("path", str, "")])
    assert refusal(one, {"zzz": 1}) == "There is no argument `zzz`; there is `path`."
    many = TypedArguments("t", [Parameter(f"path_{n}", str, "") for n in range(14)])
    assert refusal(many, {"zzz": 1}).endswith("`path_10`, `path_11` and 2 more.")


def test_many_choices_are_cut() -> None:
    number = Literal[tuple(range(40))]
    text = refusal(TypedArguments("t", [Parameter("n", number, NODEFAULT)]), {"n": 99})
    assert text == "`n` must be one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 or 11 and 28 others, got 99."


def test_only_the_first_faults_are_told() -> None:
    text = refusal(ARGUMENTS, {"path": "a", "edits": ["x"] * 100_000})
    assert text.count("must") <= 6


def test_a_long_value_is_cut_and_a_strange_name_is_harmless() -> None:
    text = refusal(ARGUMENTS, {"path": "a", "limit": "x" * 1_000_000, "`\x1b\n" + "y" * 500: 1})
    assert f'`limit` must be an integer, got "{"x" * 60}…" (1000000 characters).' in text
    assert len(text) < 500
    assert "\x1b" not in text
    assert "\n" not in text


def test_what_only_the_decoder_knows_is_told_with_its_place() -> None:
    class Even(Struct, forbid_unknown_fields=True):
        number: int

        def __post_init__(self) -> None:
            if self.number % 2:
                raise ValueError("must be even")

    arguments = TypedArguments("t", [Parameter("list", list[Even], NODEFAULT)])
    assert refusal(arguments, {"list": [{"number": 2}, {"number": 3}]}) == "`list[1]`: must be even."
    unset = TypedArguments("t", [Parameter("name", str | msgspec.UnsetType, msgspec.UNSET)])
    assert refusal(unset, {"name": None}) == "`name`: Expected `str`, got `null`."


def test_a_number_beyond_every_float_is_told() -> None:
    huge = b'{"path":"a","least":1' + b"0" * 400 + b"}"
    with pytest.raises(ToolError, match="`least` must be within the range of a 64-bit float, got 1000"):
        ARGUMENTS.typed(msgspec.json.decode(huge))


def refusal(arguments: TypedArguments, given: Any) -> str:
    with pytest.raises(ToolError) as caught:
        arguments.typed(given)
    assert caught.value.code == "invalid_argument"
    return caught.value.message
