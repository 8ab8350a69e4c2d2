# ruff: noqa: N803  argument names are the wire's
"""Acting on elements: click, hover, drag, drop, scroll, type, press."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from mcp_protocol import Output, Toolset, arg
from mcp_ref_browser.answer.answers import Answer
from mcp_ref_browser.answer.redact import PASSWORD
from mcp_ref_browser.errors import BrowserError, invalid
from mcp_ref_browser.page.filling import asked, check, to_end
from mcp_ref_browser.page.keys import is_text, named
from mcp_ref_browser.page.targets import frame_url
from mcp_ref_browser.page.uploads import payloads
from mcp_ref_browser.state import Ctx, State
from mcp_ref_browser.tools.arguments import (
    ACTS,
    MODIFIERS,
    Button,
    SessionHandle,
    Snapshot,
    Target,
    TimeoutMs,
    acting,
    bounded,
    without,
)
from mcp_ref_browser.turns import Turn, acted

if TYPE_CHECKING:
    from playwright.async_api import Locator

core = Toolset[State]("core")

MOST_TEXT = 200_000
MOST_PRESSES = 100
_STEP = 600
_KEY_DELAY = 40
# Pages that drag by pointer events take a jump for no drag.
_DRAG_STEPS = 5
_SCROLL = """(e, by) => { const s = e === document.documentElement ? document.scrollingElement || e : e;
  if (by.to === 'top') s.scrollTo(0, 0);
  else if (by.to === 'bottom') s.scrollTo(0, s.scrollHeight);
  else s.scrollBy(by.x, by.y); }"""
_BY: dict[str, tuple[int, int]] = {"up": (0, -1), "down": (0, 1), "left": (-1, 0), "right": (1, 0)}


@core.tool(**ACTS)
async def browser_click(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    target: Target,
    doubleClick: Annotated[bool, arg("Twice.")] | None = None,
    button: Annotated[Button, arg("Which.")] | None = None,
    modifiers: Annotated[list[str], arg("Held.")] | None = None,
    position: Annotated[dict[str, Any], arg("x, y in it.")] | None = None,
    session: SessionHandle = None,
    snapshot: Snapshot = None,
    timeoutMs: TimeoutMs = None,
) -> Output[Answer]:
    """Click an element."""
    for one in modifiers or ():
        if one not in MODIFIERS:
            raise invalid(f"There is no modifier {one[:40]!r}; there are {', '.join(sorted(MODIFIERS))}.")
    options = without({"button": button, "modifiers": modifiers, "position": _point(position)})

    async def work(own: Turn) -> None:
        found = await own.find(target)
        click = found.dblclick if doubleClick else found.click
        await own.do(click(**options, timeout=own.seconds * 1000))

    return await acted(ctx, acting(session, snapshot, timeoutMs, f"{target[:100]} could not be clicked"), work)


@core.tool(**ACTS)
async def browser_hover(
    ctx: Ctx,
    *,
    target: Target,
    session: SessionHandle = None,
    snapshot: Snapshot = None,
    timeoutMs: TimeoutMs = None,
) -> Output[Answer]:
    """Move the mouse over an element."""

    async def work(own: Turn) -> None:
        found = await own.find(target)
        await own.do(found.hover(timeout=own.seconds * 1000))

    return await acted(ctx, acting(session, snapshot, timeoutMs), work)


@core.tool(**ACTS)
async def browser_drag(
    ctx: Ctx,
    *,
    startTarget: Target,
    endTarget: Target,
    session: SessionHandle = None,
    snapshot: Snapshot = None,
    timeoutMs: TimeoutMs = None,
) -> Output[Answer]:
    """Drag one element onto another."""

    async def work(own: Turn) -> None:
        start, end = await own.find(startTarget), await own.find(endTarget)
        await own.do(start.drag_to(end, steps=_DRAG_STEPS, timeout=own.seconds * 1000))

    return await acted(ctx, acting(session, snapshot, timeoutMs), work)


@core.tool(**ACTS)
async def browser_drop(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    target: Target,
    paths: Annotated[list[str], arg("Files.")] | None = None,
    data: Annotated[dict[str, str], arg("Text by MIME type.")] | None = None,
    session: SessionHandle = None,
    snapshot: Snapshot = None,
    timeoutMs: TimeoutMs = None,
) -> Output[Answer]:
    """Drop files or data onto an element."""
    if not paths and not data:
        raise invalid("`paths` or `data` is needed.")
    files = await payloads(ctx, paths or [])

    async def work(own: Turn) -> None:
        found = await own.find(target)
        payload: Any = without({"files": files or None, "data": data})
        await own.do(found.drop(payload, timeout=own.seconds * 1000))

    return await acted(ctx, acting(session, snapshot, timeoutMs), work)


@core.tool(**ACTS)
async def browser_scroll(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    target: Annotated[str, arg("Ref, selector.")] | None = None,
    direction: Annotated[Literal["up", "down", "left", "right"], arg("Way.")] | None = None,
    amount: Annotated[int, arg("Pixels.")] | None = None,
    to: Annotated[Literal["top", "bottom"], arg("End.")] | None = None,
    session: SessionHandle = None,
    snapshot: Snapshot = None,
    timeoutMs: TimeoutMs = None,
) -> Output[Answer]:
    """Scroll the page or an element."""
    step = bounded("amount", _STEP if amount is None else amount, 1, 100_000)

    async def work(own: Turn) -> None:
        if target is not None and direction is None and to is None:
            await own.do((await own.find(target)).scroll_into_view_if_needed(timeout=own.seconds * 1000))
        elif target is None and to is None:
            x, y = _BY[direction or "down"]
            await own.do(own.tab.page.mouse.wheel(x * step, y * step))
        else:
            found = own.tab.page.locator("html") if target is None else await own.find(target)
            x, y = _BY[direction or "down"]
            await own.do(found.evaluate(_SCROLL, {"to": to, "x": x * step, "y": y * step}))

    return await acted(ctx, acting(session, snapshot, timeoutMs), work)


@core.tool(**ACTS)
async def browser_type(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    target: Target,
    text: Annotated[str, arg("Text, or secret:NAME.")],
    submit: Annotated[bool, arg("Then Enter.")] | None = None,
    slowly: Annotated[bool, arg("By key.")] | None = None,
    clear: Annotated[bool, arg("Replace.")] | None = None,
    session: SessionHandle = None,
    snapshot: Snapshot = None,
    timeoutMs: TimeoutMs = None,
) -> Output[Answer]:
    """Type into a field."""
    if len(text) > MOST_TEXT:
        raise invalid(f"`text` has {len(text)} characters; {MOST_TEXT} can be typed.")

    async def work(own: Turn) -> None:
        found = await own.find(target)
        replace = clear is not False
        at_once = replace and not slowly
        # Key by key a field for dates takes what a user would press, whatever its value looks like.
        value = await typed(own, found, text, whole=at_once)
        milliseconds = own.seconds * 1000
        if at_once:
            await own.do(found.fill(value, timeout=milliseconds))
        else:
            if replace:
                await own.do(found.clear(timeout=milliseconds))
            else:
                await to_end(own.tab, found, own.seconds)
            delay = _KEY_DELAY if slowly else 0
            await own.do(found.press_sequentially(value, delay=delay, timeout=milliseconds))
        if submit:
            await own.do(found.press("Enter", timeout=milliseconds))

    return await acted(ctx, acting(session, snapshot, timeoutMs, f"{target[:100]} could not be typed into"), work)


@core.tool(**ACTS)
async def browser_press_key(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    key: Annotated[str, arg("As Enter, Control+A.")],
    target: Annotated[str, arg("Focus.")] | None = None,
    count: Annotated[int, arg("How often.")] | None = None,
    session: SessionHandle = None,
    snapshot: Snapshot = None,
    timeoutMs: TimeoutMs = None,
) -> Output[Answer]:
    """Press a key."""
    times = bounded("count", 1 if count is None else count, 1, MOST_PRESSES)

    async def work(own: Turn) -> None:
        if target is not None:
            await own.do((await own.find(target)).focus(timeout=own.seconds * 1000))
        keyboard = own.tab.page.keyboard
        try:
            for _ in range(times):
                await own.do(keyboard.insert_text(key) if is_text(key) else keyboard.press(named(key)))
        except BrowserError as error:
            if "Unknown key" in error.message:
                raise invalid(f"There is no key {key[:40]!r}.", "Such as Enter, ArrowDown, Control+A, a.") from error
            raise

    return await acted(ctx, acting(session, snapshot, timeoutMs), work)


async def typed(own: Turn, found: "Locator", text: str, *, whole: bool = True) -> str:
    """What is really typed for a text; from then on nobody is shown a secret, or what a password field was given.

    `whole`: it becomes the value of the field as it is, and must be one.

    Raises:
        BrowserError: `secret_denied`; `invalid_argument`, the field takes no such text.
    """
    vault = own.state.vault
    if vault.named(text):
        where = await own.do(frame_url(found))
        value = vault.reveal(text, where)
        _check_recorded(own)
        own.session.typed_secret = True
        own.tab.typed.append((where, value))
        return value
    if not text:
        return text
    field = await asked(own.tab, found, text, own.seconds)
    if field.kind == "password":
        _check_recorded(own)
        own.session.typed_secret = True
        own.session.redactor.add(PASSWORD, text)
    elif whole:
        check(field, text)
    return text


def _check_recorded(own: Turn) -> None:
    """A trace or video shows what is typed, and cannot be redacted."""
    if {"trace", "video"} & own.session.recordings.keys() and not own.state.settings.allow_reveal:
        raise BrowserError(
            "A trace or video is being recorded, and would show the secret.",
            code="secret_denied",
            hint="Stop it first, or let whoever runs this server give --allow-reveal.",
        )


def _point(position: dict[str, Any] | None) -> dict[str, Any] | None:
    if position is None:
        return None
    if position.keys() != {"x", "y"} or not all(type(one) in {int, float} for one in position.values()):
        raise invalid("`position` has two numbers, `x` and `y`.")
    return position
