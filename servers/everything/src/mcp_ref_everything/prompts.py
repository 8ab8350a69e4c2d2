"""Prompts: plain, with arguments, with a resource, with a picture, with a question."""

from typing import Annotated

from msgspec import Struct

from mcp_protocol import Context, Embedded, Image, PromptMessage, ResourceContents, Toolset, arg
from mcp_ref_everything.samples import PNG

prompts: Toolset[None] = Toolset("prompts")
Ctx = Context[None]


class Situation(Struct, frozen=True):
    """What it is about."""

    context: Annotated[str, arg("What it is about.")]


@prompts.prompt()
async def test_simple_prompt(ctx: Ctx) -> str:
    """A prompt without arguments."""
    del ctx
    return "This is a simple prompt for testing."


@prompts.prompt()
async def test_prompt_with_arguments(
    ctx: Ctx, arg1: Annotated[str, arg("The first.")], arg2: Annotated[str, arg("The second.")]
) -> str:
    """A prompt with two arguments."""
    del ctx
    return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"


@prompts.complete(test_prompt_with_arguments, "arg1")
async def first_arguments(ctx: Ctx, prefix: str) -> list[str]:
    """Words that begin like that."""
    del ctx
    return [word for word in ("testing", "tested", "tester", "other") if word.startswith(prefix)]


@prompts.prompt()
async def test_prompt_with_embedded_resource(
    ctx: Ctx,
    resourceUri: Annotated[str, arg("The resource to embed.")],  # noqa: N803  the argument is called so
) -> list[PromptMessage | str]:
    """A prompt with a resource in it."""
    del ctx
    held = ResourceContents(uri=resourceUri, mime_type="text/plain", text="Embedded resource content for testing.")
    return [PromptMessage("user", Embedded(held)), "Please process the embedded resource above."]


@prompts.prompt()
async def test_prompt_with_image(ctx: Ctx) -> list[PromptMessage | str]:
    """A prompt with a picture in it."""
    del ctx
    return [PromptMessage("user", Image(PNG, "image/png")), "Please analyze the image above."]


@prompts.prompt()
async def test_input_required_result_prompt(ctx: Ctx) -> str:
    """A prompt that asks first."""
    answer = await ctx.elicit(Situation, "What context should the prompt use?", key="user_context")
    return f"Answer in this context: {'none' if answer is None else answer.context}"
