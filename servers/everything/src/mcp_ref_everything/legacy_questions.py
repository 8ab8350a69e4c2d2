"""Tools that ask the client while it waits: sampling and the forms of each revision."""

from enum import Enum
from typing import Annotated, Literal

from msgspec import Struct
from msgspec.json import encode

from mcp_protocol import Context, CreateMessageResult, Text, Toolset, arg

legacy_questions: Toolset[None] = Toolset("legacy_questions")
Ctx = Context[None]

Option = Literal["option1", "option2", "option3"]
Value = Annotated[
    Literal["value1", "value2", "value3"],
    arg("Pick one.", titles={"value1": "First Option", "value2": "Second Option", "value3": "Third Option"}),
]
OldNames = {"enumNames": ["Option One", "Option Two", "Option Three"]}


class Status(Enum):
    """Of an account."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    PENDING = "pending"


class Contact(Struct, frozen=True):
    """Who and where."""

    username: Annotated[str, arg("Your name.")]
    email: Annotated[str, arg("Your address.")]


class Defaults(Struct, frozen=True):
    """A form that is filled in already (SEP-1034)."""

    name: Annotated[str, arg("A name.")] = "John Doe"
    age: Annotated[int, arg("An age.")] = 30
    score: Annotated[float, arg("A score.")] = 95.5
    status: Annotated[Status, arg("A status.")] = Status.ACTIVE
    verified: Annotated[bool, arg("Whether it was checked.")] = True


class Choices(Struct, frozen=True, rename="camel"):
    """Every kind of choice (SEP-1330)."""

    untitled_single: Annotated[Option, arg("Pick one.")]
    titled_single: Value
    legacy_enum: Annotated[Literal["opt1", "opt2", "opt3"], arg("Pick one.", extra_json_schema=OldNames)]
    untitled_multi: Annotated[list[Option], arg("Pick some.")]
    titled_multi: Annotated[list[Value], arg("Pick some.")]


@legacy_questions.tool(read_only=True)
async def test_sampling(ctx: Ctx, prompt: Annotated[str, arg("What to ask the model.")]) -> Text:
    """Ask the client's model."""
    return Text(f"LLM response: {said(await ctx.sample(prompt, max_tokens=100))}")


@legacy_questions.tool(read_only=True)
async def test_elicitation(ctx: Ctx, message: Annotated[str, arg("What to ask the user.")]) -> Text:
    """Ask the user for a name and an address."""
    return response(await ctx.elicit(Contact, message))


@legacy_questions.tool(read_only=True)
async def test_elicitation_sep1034_defaults(ctx: Ctx) -> Text:
    """Ask with a form that has defaults."""
    return response(await ctx.elicit(Defaults, "Please check the form"))


@legacy_questions.tool(read_only=True)
async def test_elicitation_sep1330_enums(ctx: Ctx) -> Text:
    """Ask with every kind of choice."""
    return response(await ctx.elicit(Choices, "Please choose"))


def response(answer: Struct | None) -> Text:
    """What the user did, as a text."""
    if answer is None:
        return Text("User response: action=decline, content={}")
    return Text(f"User response: action=accept, content={encode(answer).decode()}")


def said(result: CreateMessageResult) -> str:
    """The text of what a model wrote."""
    blocks = result.content if isinstance(result.content, list) else [result.content]
    return " ".join(block.text for block in blocks if isinstance(block, Text))
