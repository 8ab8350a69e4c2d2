# ruff: noqa: N803  argument names are the wire's
"""For authors of tests: locators as code, and checks that fail as errors."""

from typing import Annotated, Any, Literal

from msgspec import Struct

from mcp_protocol import Output, Toolset, arg
from mcp_ref_browser.answer.answers import Answer
from mcp_ref_browser.errors import BrowserError
from mcp_ref_browser.page.locators import Language, code
from mcp_ref_browser.page.script import checked
from mcp_ref_browser.page.waiting import role_shown, shown
from mcp_ref_browser.state import Ctx, State
from mcp_ref_browser.tools.arguments import LOOKS, SessionHandle, Target
from mcp_ref_browser.turns import Asked, Turn, looked

testing = Toolset[State]("testing", default=False)

Kind = Literal["textbox", "checkbox", "radio", "combobox", "slider"]
# A list holds its value as well as what it shows of it: authors of tests know the one, readers of snapshots the other.
# What a field for passwords holds is compared, and not told.
_HELD = """e => ({
  values: e.tagName === 'SELECT' ? [e.value, [...e.selectedOptions].map(o => o.label).join(', ')]
    : [String(e.value ?? e.getAttribute('aria-valuenow') ?? e.textContent)],
  told: e.type !== 'password' && !/cc-|one-time-code|password/i.test(e.getAttribute('autocomplete') || '') })"""
_TRUE = frozenset({"true", "on", "yes", "1", "checked"})


class Held(Struct, frozen=True):
    """What a field holds, in the ways that can be said; `told`: anybody may know it."""

    values: list[str]
    told: bool


@testing.tool(**LOOKS)
async def browser_generate_locator(
    ctx: Ctx,
    *,
    target: Target,
    language: Annotated[Language, arg("Language of the test.")] = "python",
    session: SessionHandle = None,
) -> Output[Answer]:
    """Write a locator for an element as code of a test."""

    async def work(own: Turn) -> dict[str, Any]:
        found = await own.find(target)
        written = code(str(await own.do(found.normalize())), language)
        return {"result": {"locator": written}, "label": "Text", "text": written}

    return await looked(ctx, Asked(session=session), work)


@testing.tool(**LOOKS)
async def browser_verify_element_visible(
    ctx: Ctx,
    *,
    role: Annotated[str, arg("Role of the element.")],
    accessibleName: Annotated[str, arg("Its accessible name.")],
    session: SessionHandle = None,
) -> Output[Answer]:
    """Check that an element of this role and name is visible."""

    async def work(own: Turn) -> dict[str, Any]:
        holds = await role_shown(own.tab, role, accessibleName, own.seconds)
        return _verdict(holds, f"No {role[:40]} named {accessibleName[:200]!r} is visible.")

    return await looked(ctx, Asked(session=session), work)


@testing.tool(**LOOKS)
async def browser_verify_text_visible(
    ctx: Ctx, *, text: Annotated[str, arg("Text.", min_length=1)], session: SessionHandle = None
) -> Output[Answer]:
    """Check that a text is visible."""

    async def work(own: Turn) -> dict[str, Any]:
        return _verdict(await shown(own.tab, text, own.seconds), f"The text {text[:200]!r} is not visible.")

    return await looked(ctx, Asked(session=session), work)


@testing.tool(**LOOKS)
async def browser_verify_list_visible(
    ctx: Ctx,
    *,
    target: Target,
    items: Annotated[list[str], arg("Texts that it must show.")],
    session: SessionHandle = None,
) -> Output[Answer]:
    """Check that a list shows these items."""

    async def work(own: Turn) -> dict[str, Any]:
        found = await own.find(target)
        missing = [item for item in items if not await own.do(found.get_by_text(item).first.is_visible())]
        return _verdict(not missing, f"The list does not show {', '.join(map(repr, missing[:10]))}.")

    return await looked(ctx, Asked(session=session), work)


@testing.tool(**LOOKS)
async def browser_verify_value(
    ctx: Ctx,
    *,
    type: Annotated[Kind, arg("Kind of the field.")],  # noqa: A002  the wire's name
    target: Target,
    value: Annotated[str, arg("What it must hold; true or false for boxes.")],
    session: SessionHandle = None,
) -> Output[Answer]:
    """Check the value of a field."""

    async def work(own: Turn) -> dict[str, Any]:
        found = await own.find(target)
        if type in {"checkbox", "radio"}:
            is_on = await own.do(found.is_checked())
            return _verdict(is_on == (value.lower() in _TRUE), f"The {type} is {'' if is_on else 'not '}checked.")
        held = checked(await own.do(found.evaluate(_HELD)), Held)
        instead = f"; it holds {held.values[-1][:200]!r}" if held.told and held.values else ""
        return _verdict(value in held.values, f"The {type} does not hold {value[:200]!r}{instead}.")

    return await looked(ctx, Asked(session=session), work)


def _verdict(holds: bool, sentence: str) -> dict[str, Any]:  # noqa: FBT001  what was found out
    if not holds:
        raise BrowserError(sentence, code="no_match")
    return {"result": {"holds": True}, "lines": ["It holds."]}
