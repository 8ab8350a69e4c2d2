"""Tools that ask by an input-required result (2026-07-28), one for each thing that can happen with it."""

from typing import Annotated

from msgspec import Struct

from mcp_protocol import Context, Elicit, ListRoots, MissingCapability, Sample, Text, Toolset, arg
from mcp_ref_everything.legacy_questions import said

questions: Toolset[None] = Toolset("questions")
Ctx = Context[None]


class Name(Struct, frozen=True):
    """Who."""

    name: Annotated[str, arg("Your name.")]


class Color(Struct, frozen=True):
    """Which colour."""

    color: Annotated[str, arg("A colour.")]


class Agreement(Struct, frozen=True):
    """Yes or no."""

    ok: Annotated[bool, arg("Whether to go on.")]


@questions.tool(read_only=True)
async def test_input_required_result_elicitation(ctx: Ctx) -> Text:
    """Ask for a name, and greet."""
    answer = await ctx.elicit(Name, "What is your name?", key="user_name")
    return Text("Hello, stranger!" if answer is None else f"Hello, {answer.name}!")


@questions.tool(read_only=True)
async def test_input_required_result_sampling(ctx: Ctx) -> Text:
    """Ask the client's model for a capital."""
    result = await ctx.sample("What is the capital of France?", max_tokens=100, key="capital_question")
    return Text(f"The model says: {said(result)}")


@questions.tool(read_only=True)
async def test_input_required_result_list_roots(ctx: Ctx) -> Text:
    """Ask for the client's roots, and name them."""
    roots = await ctx.ask(ListRoots(key="client_roots"))
    return Text("Roots: " + ", ".join(root.uri for root in roots))


@questions.tool(read_only=True)
async def test_input_required_result_request_state(ctx: Ctx) -> Text:
    """Ask for an agreement whose state must come back."""
    answer = await ctx.elicit(Agreement, "Please confirm", key="confirm", authorises=True)
    return Text("state-ok, declined" if answer is None else f"state-ok, {answer.ok}")


@questions.tool(read_only=True)
async def test_input_required_result_tampered_state(ctx: Ctx) -> Text:
    """Ask for an agreement whose state must come back unchanged."""
    answer = await ctx.elicit(Agreement, "Please confirm", key="confirm", authorises=True)
    return Text("declined" if answer is None else f"confirmed: {answer.ok}")


@questions.tool(read_only=True)
async def test_input_required_result_multiple_inputs(ctx: Ctx) -> Text:
    """Ask for a name, a greeting and the roots at once."""
    name, greeting, roots = await ctx.ask_together(
        Elicit(Name, "What is your name?", key="user_name"),
        Sample.of("Generate a greeting", max_tokens=50, key="greeting"),
        ListRoots(key="client_roots"),
    )
    who = "stranger" if name is None else name.name
    return Text(f"{said(greeting)} {who}, of {len(roots)} roots")


@questions.tool(read_only=True)
async def test_input_required_result_multi_round(ctx: Ctx) -> Text:
    """Ask for a name, and then for a colour."""
    name = await ctx.elicit(Name, "Step 1: What is your name?", key="step1")
    color = await ctx.elicit(Color, "Step 2: What is your favorite color?", key="step2")
    if name is None or color is None:
        return Text("Declined.")
    return Text(f"{name.name} likes {color.color}")


@questions.tool(read_only=True)
async def test_input_required_result_capabilities(ctx: Ctx) -> Text:
    """Ask whatever the client can answer: its user, else its model."""
    try:
        answer = await ctx.elicit(Name, "What is your name?", key="user_name")
    except MissingCapability:
        return Text(said(await ctx.sample("Make up a name", max_tokens=50, key="made_up")))
    return Text("Declined." if answer is None else answer.name)


@questions.tool(read_only=True)
async def test_missing_capability(ctx: Ctx) -> Text:
    """Ask the client's model, which it must have."""
    return Text(said(await ctx.sample("Say anything", max_tokens=10)))


@questions.tool(read_only=True)
async def test_streaming_elicitation(ctx: Ctx) -> Text:
    """Report progress, then ask for a name."""
    await ctx.progress(1, 2, "about to ask")
    answer = await ctx.elicit(Name, "What is your name?", key="user_name")
    return Text("Declined." if answer is None else answer.name)
