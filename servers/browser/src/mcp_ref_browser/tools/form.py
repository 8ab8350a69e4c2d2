# ruff: noqa: N803  argument names are the wire's
"""Forms: options, boxes, whole forms, files, and the dialogs that come with them."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Struct

from mcp_protocol import Output, Toolset, arg
from mcp_protocol.errors import ToolError
from mcp_ref_browser.answer.answers import Answer
from mcp_ref_browser.errors import BrowserError, invalid
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
_SHOWN = 40
_OPTIONS = "e => e.tagName === 'SELECT' ? [...e.options].slice(0, 2000).map(o => [o.value, o.label]) : null"
_SLIDE = """(e, value) => {
  const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set;
  set.call(e, value);
  for (const kind of ['input', 'change']) e.dispatchEvent(new Event(kind, { bubbles: true }));
}"""
_TRUE = frozenset({"true", "on", "yes", "1", "checked"})
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
        return {"selected": await _select(own, await own.find(target), values)}

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
        answering = modal.dialog.accept(promptText) if accept else modal.dialog.dismiss()
        own.tab.close_modal()
        await within(answering, own.seconds, "The dialog did not close", own.tab)
        result = {"kind": modal.kind, "accepted": accept}
        try:
            await own.settled(mark)
        except Interrupted:
            return await own.told(result)
        return await own.told(result, snapshot=asked.snapshot or ctx.state.settings.snapshot)


async def _select(own: Turn, found: "Locator", values: list[str]) -> list[str]:
    options: list[list[str]] | None = await own.do(found.evaluate(_OPTIONS, timeout=own.seconds * 1000))
    if options is None:
        raise BrowserError("That is no list of options.", code="unsupported", hint="Click it, then click the option.")
    known = {text for option in options for text in option}
    missing = [value for value in values if value not in known]
    if missing:
        labels = ", ".join(repr(label) for _, label in options[:_SHOWN])
        raise invalid(f"There is no option {missing[0]!r}; there are {labels}.")
    return await own.do(found.select_option(values, timeout=own.seconds * 1000))


async def _filled(own: Turn, field: FormField) -> dict[str, Any]:
    label = {"target": field.target}
    try:
        found = await own.find(field.target)
        await _WAYS[field.type](own, found, field)
    except ToolError as error:
        return {**label, "ok": False, "code": error.code, "error": error.message}
    return {**label, "ok": True}


async def _fill_text(own: Turn, found: "Locator", field: FormField) -> None:
    value = await typed(own, found, field.value)
    await own.do(found.fill(value, timeout=own.seconds * 1000))


async def _fill_box(own: Turn, found: "Locator", field: FormField) -> None:
    await own.do(found.set_checked(field.value.lower() in _TRUE, timeout=own.seconds * 1000))


async def _fill_radio(own: Turn, found: "Locator", field: FormField) -> None:
    del field
    await own.do(found.check(timeout=own.seconds * 1000))


async def _fill_list(own: Turn, found: "Locator", field: FormField) -> None:
    await _select(own, found, [field.value])


async def _fill_slider(own: Turn, found: "Locator", field: FormField) -> None:
    await own.do(found.evaluate(_SLIDE, field.value, timeout=own.seconds * 1000))


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


def _given(files: list[dict[str, Any]]) -> Any:
    return files
