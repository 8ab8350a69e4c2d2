"""What the decorators of resources, prompts, completions and watches refuse."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

import pytest

from mcp_protocol import Context, Resource, Toolset, arg

Ctx = Context[int]
Name = Annotated[str, arg("A name.")]


async def good(ctx: Ctx, name: Name) -> str:
    """Do it well."""
    del ctx
    return name


async def suggest(ctx: Ctx, prefix: str) -> list[str]:
    """Suggest."""
    del ctx
    return [prefix]


async def changes(ctx: Ctx, name: str) -> AsyncIterator[object]:
    """Watch."""
    raise NotImplementedError


async def everything(ctx: Ctx) -> list[Resource]:
    """List."""
    del ctx
    return []


async def everything_fixed(ctx: Ctx) -> str:
    """All of it."""
    del ctx
    return ""


async def undescribed(ctx: Ctx, name: str) -> str:
    """Do it."""
    raise NotImplementedError


async def undocumented(ctx: Ctx) -> str:
    raise NotImplementedError


async def two(ctx: Ctx, name: Name, other: Name) -> str:
    """Take two."""
    raise NotImplementedError


async def numbered(ctx: Ctx, name: Annotated[int, arg("A number.")]) -> str:
    """Take a number."""
    raise NotImplementedError


@pytest.mark.parametrize(
    ("uri", "function", "words"),
    [
        ("t://{name}", two, "differ in other"),
        ("t://{other}", good, "differ in name, other"),
        ("t://fixed", good, "differ in name"),
        ("t://{name", good, "a variable is"),
        ("name", everything_fixed, "begin with a scheme"),
        ("t://x", undocumented, "has no docstring"),
    ],
)
def test_a_resource_whose_variables_are_not_its_parameters_is_refused(uri: str, function: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Toolset[int]("t").resource(uri)(function)


def test_a_parameter_with_a_default_need_not_be_a_variable() -> None:
    async def function(ctx: Ctx, name: str, other: str = "x") -> str:
        """Take one or two."""
        raise NotImplementedError

    toolset = Toolset[int]("t")
    toolset.resource("t://one/{name}")(function)
    toolset.resource("t://two/{name}/{other}")(function)
    assert [one.definition.uri_template for one in toolset.templates] == ["t://one/{name}", "t://two/{name}/{other}"]


def test_the_arguments_of_a_prompt_are_strings_with_descriptions() -> None:
    with pytest.raises(ValueError, match="prompt `numbered`: `name` must be a string"):
        Toolset[int]("t").prompt()(numbered)
    with pytest.raises(ValueError, match="prompt `undescribed`: the parameter `name` has no description"):
        Toolset[int]("t").prompt()(undescribed)


def test_a_prompt_lists_its_arguments() -> None:
    toolset = Toolset[int]("t")

    @toolset.prompt(title="Review")
    async def review(ctx: Ctx, path: Name, focus: Annotated[Literal["a", "b"], arg("Focus.")] = "a") -> str:
        """Review a file."""
        raise NotImplementedError

    (entry,) = toolset.prompts
    assert (entry.name, entry.definition.title, entry.definition.description) == ("review", "Review", "Review a file.")
    assert [(one.name, one.description, one.required) for one in entry.definition.arguments or ()] == [
        ("path", "A name.", True),
        ("focus", "Focus.", False),
    ]
    assert review.__name__ == "review"


def test_an_argument_named_like_a_keyword_of_python_is_listed_without_its_underscore() -> None:
    toolset = Toolset[int]("t")

    @toolset.prompt()
    async def between(ctx: Ctx, from_: Annotated[str, arg("The one.")], to: Annotated[str, arg("The other.")]) -> str:
        """What is between."""
        del ctx
        return from_ + to

    (entry,) = toolset.prompts
    assert [argument.name for argument in entry.definition.arguments or ()] == ["from", "to"]


def test_a_completion_needs_a_target_of_the_toolset_and_one_of_its_arguments() -> None:
    toolset = Toolset[int]("t")
    with pytest.raises(ValueError, match="`good` is not registered in this toolset"):
        toolset.complete(good, "name")(suggest)
    toolset.prompt()(good)
    with pytest.raises(ValueError, match="`good` has no argument 'nam'"):
        toolset.complete(good, "nam")(suggest)
    with pytest.raises(ValueError, match="takes the context, what was typed"):
        toolset.complete(good, "name")(everything)  # pyright: ignore[reportArgumentType]  the fault
    toolset.complete(good, "name")(suggest)
    with pytest.raises(ValueError, match="registered twice"):
        toolset.complete(good, "name")(suggest)


def test_a_watch_needs_a_resource_and_its_variables() -> None:
    toolset = Toolset[int]("t")
    with pytest.raises(ValueError, match="`good` is not registered in this toolset"):
        toolset.watch(good)(changes)
    toolset.resource("t://{name}")(good)
    toolset.watch(good)(changes)
    with pytest.raises(ValueError, match="differ in name"):
        toolset.watch(good)(watch_nothing)
    assert [entry.match("t://a") for entry in toolset.watches] == [{"name": "a"}]


async def watch_nothing(ctx: Ctx) -> AsyncIterator[object]:
    """Watch."""
    raise NotImplementedError


def test_importing_registers_nothing_anywhere_else() -> None:
    one, other = Toolset[int]("one", title="One", default=False), Toolset[int]("other")
    one.tool()(good)
    assert (one.name, one.title, one.default) == ("one", "One", False)
    assert (other.title, other.default) == (None, True)
    assert (len(one.tools), len(other.tools), len(other.resources)) == (1, 0, 0)
