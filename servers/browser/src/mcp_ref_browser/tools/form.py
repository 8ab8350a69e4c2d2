# ruff: noqa: N803  argument names are the wire's
"""Forms: options, boxes, whole forms, files, and the dialogs that come with them."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Struct

from mcp_protocol import Output, Toolset, arg
from mcp_protocol.errors import ToolError
from mcp_ref_browser.answer.answers import Answer
from mcp_ref_browser.errors import BrowserError, invalid
from mcp_ref_browser.page.filling import asked, check, check_slider
from mcp_ref_browser.page.options import choose
from mcp_ref_browser.page.racing import Interrupted, within
from mcp_ref_browser.page.settle import Mark
from mcp_ref_browser.page.uploads import payloads
from mcp_ref_browser.state import Ctx, State
from mcp_ref_browser.tools.act import typed
from mcp_ref_browser.tools.arguments import (
    ACTS,
    SETS,
    SessionHandle,
    Snapshot,
    Target,
    TimeoutMs,
    acting,
    bounded,
)
from mcp_ref_browser.turns import Turn, acted, turn

if TYPE_CHECKING:
    from playwright.async_api import Locator

core = Toolset[State]("core")

MOST_FIELDS = 100
_CHECKED = {
    **dict.fromkeys(("true", "on", "yes", "1", "checked"), True),
    **dict.fromkeys(("false", "off", "no", "0", "unchecked"), False),
}
Kind = Literal["textbox", "checkbox", "radio", "combobox", "slider", "file"]


class FormField(Struct, frozen=True, forbid_unknown_fields=True):
    """Field."""

    target: Annotated[str, arg("Ref.")]
    type: Annotated[Kind, arg("Kind.")]
    value: Annotated[str, arg("Value.")]


class Choice(Struct, frozen=True):
    """What the user is asked when a page waits for a file."""

    path: Annotated[str, arg("Path of the file to hand to the page; empty for none.")] = ""


@core.tool(**ACTS)
async def browser_select_option(
    ctx: Ctx,
    *,
    target: Target,
    values: Annotated[list[str], arg("Options.")],
    session: SessionHandle = None,
    snapshot: Snapshot = None,
    timeoutMs: TimeoutMs = None,
) -> Output[Answer]:
    """Select options of a list."""

    async def work(own: Turn) -> dict[str, Any]:
        return {"selected": await choose(own.tab, await own.find(target), values, own.seconds)}

    return await acted(ctx, acting(session, snapshot, timeoutMs), work)


@core.tool(**SETS)
async def browser_check(
    ctx: Ctx,
    *,
    target: Target,
    checked: Annotated[bool, arg("Or not.")] | None = None,
    session: SessionHandle = None,
    snapshot: Snapshot = None,
    timeoutMs: TimeoutMs = None,
) -> Output[Answer]:
    """Check a box or radio button."""

    async def work(own: Turn) -> None:
        found = await own.find(target)
        await own.do(found.set_checked(checked is not False, timeout=own.seconds * 1000))

    return await acted(ctx, acting(session, snapshot, timeoutMs), work)


@core.tool(**ACTS)
async def browser_fill_form(
    ctx: Ctx,
    *,
    fields: Annotated[list[FormField], arg("Fields.")],
    session: SessionHandle = None,
    snapshot: Snapshot = None,
    timeoutMs: TimeoutMs = None,
) -> Output[Answer]:
    """Fill several fields."""
    bounded("fields", len(fields), 1, MOST_FIELDS)

    async def work(own: Turn) -> dict[str, Any]:
        results = [await _filled(own, field) for field in fields]
        failed = [one for one in results if not one["ok"]]
        if failed:
            told = " ".join(f"{one['target']}: {one.get('error', 'ok')}" for one in results)
            raise BrowserError(
                f"{len(failed)} of {len(results)} fields were not filled. {told}", code=failed[0]["code"]
            )
        return {"fields": results}

    return await acted(ctx, acting(session, snapshot, timeoutMs), work)


@core.tool(**ACTS)
async def browser_file_upload(
    ctx: Ctx,
    *,
    paths: Annotated[list[str], arg("Files; none cancels.")] | None = None,
    target: Annotated[str, arg("Or a file field.")] | None = None,
    session: SessionHandle = None,
    snapshot: Snapshot = None,
    timeoutMs: TimeoutMs = None,
) -> Output[Answer]:
    """Give files to an open chooser or a file field."""
    if paths is None and ctx.state.files.roots and ctx.can("elicitation"):
        answer = await ctx.elicit(Choice, "The page waits for a file.")
        paths = [answer.path] if answer is not None and answer.path else []
    files = await payloads(ctx, paths or [])

    async def work(own: Turn) -> dict[str, Any]:
        chooser = own.tab.chooser
        milliseconds = own.seconds * 1000
        if target is not None:
            await own.do((await own.find(target)).set_input_files(_given(files), timeout=milliseconds))
        elif chooser is None:
            raise invalid("No chooser is open.", "Click what opens one first, or name the file field as `target`.")
        else:
            await own.do(chooser.set_files(_given(files), timeout=milliseconds))
        own.tab.chooser = None
        return {"files": [file["name"] for file in files], "cancelled": not files}

    return await acted(ctx, acting(session, snapshot, timeoutMs), work)


@core.tool(**ACTS)
async def browser_handle_dialog(
    ctx: Ctx,
    *,
    accept: Annotated[bool, arg("Or dismiss.")],
    promptText: Annotated[str, arg("For a prompt.")] | None = None,
    session: SessionHandle = None,
    snapshot: Snapshot = None,
    timeoutMs: TimeoutMs = None,
) -> Output[Answer]:
    """Answer the open dialog."""
    asked = acting(session, snapshot, timeoutMs)
    async with turn(ctx, asked, guarded=False) as own:
        modal = own.tab.modal
        if modal is None:
            raise invalid("No dialog is open.")
        mark = Mark.of(own.tab)
        # A user who only presses the button sends what the page suggests.
        text = modal.default if promptText is None and modal.kind == "prompt" else promptText
        answering = modal.dialog.accept(text) if accept else modal.dialog.dismiss()
        own.tab.close_modal()
        await within(answering, own.seconds, "The dialog did not close", own.tab)
        result = {"kind": modal.kind, "accepted": accept}
        try:
            await own.settled(mark)
        except Interrupted:
            return await own.told(result)
        return await own.told(result, snapshot=asked.snapshot or ctx.state.settings.snapshot)


async def _filled(own: Turn, field: FormField) -> dict[str, Any]:
    label = {"target": field.target}
    try:
        found = await own.find(field.target)
        await _WAYS[field.type](own, found, field)
    except ToolError as error:
        told = f"{error.message} {error.hint or ''}".rstrip()
        return {**label, "ok": False, "code": error.code, "error": told}
    return {**label, "ok": True}


async def _fill_text(own: Turn, found: "Locator", field: FormField) -> None:
    value = await typed(own, found, field.value)
    await own.do(found.fill(value, timeout=own.seconds * 1000))


async def _fill_box(own: Turn, found: "Locator", field: FormField) -> None:
    await own.do(found.set_checked(_checked(field.value), timeout=own.seconds * 1000))


async def _fill_radio(own: Turn, found: "Locator", field: FormField) -> None:
    """Any value chooses it, since forms know a radio button by its own; but one that says no."""
    if _CHECKED.get(field.value.lower()) is False:
        raise invalid("A radio button is left by choosing another one of its group.")
    await own.do(found.check(timeout=own.seconds * 1000))


async def _fill_list(own: Turn, found: "Locator", field: FormField) -> None:
    await choose(own.tab, found, [field.value], own.seconds)


async def _fill_slider(own: Turn, found: "Locator", field: FormField) -> None:
    seen = await asked(own.tab, found, field.value, own.seconds)
    check_slider(seen)
    check(seen, field.value)
    await own.do(found.fill(field.value, timeout=own.seconds * 1000))


async def _fill_file(own: Turn, found: "Locator", field: FormField) -> None:
    files: Any = _given(await payloads(own.ctx, [field.value]))
    await own.do(found.set_input_files(files, timeout=own.seconds * 1000))


_WAYS: dict[Kind, Callable[[Turn, "Locator", FormField], Awaitable[None]]] = {
    "textbox": _fill_text,
    "checkbox": _fill_box,
    "radio": _fill_radio,
    "combobox": _fill_list,
    "slider": _fill_slider,
    "file": _fill_file,
}


def _checked(value: str) -> bool:
    found = _CHECKED.get(value.lower())
    if found is None:
        raise invalid(f"A box takes true or false, got {value[:40]!r}.")
    return found


def _given(files: list[dict[str, Any]]) -> Any:
    return files
