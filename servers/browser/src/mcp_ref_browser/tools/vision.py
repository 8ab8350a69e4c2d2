# ruff: noqa: N803  argument names are the wire's
"""The mouse by coordinates, for models that look at pictures."""

from typing import Annotated, Any

from mcp_protocol import Output, Toolset, arg
from mcp_ref_browser.answer.answers import Answer
from mcp_ref_browser.state import Ctx, State
from mcp_ref_browser.tools.arguments import ACTS, Button, SessionHandle, Snapshot, TimeoutMs, acting, bounded, without
from mcp_ref_browser.turns import Turn, acted

vision = Toolset[State]("vision", default=False)

X = Annotated[float, arg("Pixels from the left of the window.")]
Y = Annotated[float, arg("Pixels from its top.")]
Which = Annotated[Button, arg("Button.")] | None
_MOST_CLICKS = 10
_MOST_DELAY = 10_000


@vision.tool(**ACTS)
async def browser_mouse_move_xy(
    ctx: Ctx, *, x: X, y: Y, session: SessionHandle = None, snapshot: Snapshot = None, timeoutMs: TimeoutMs = None
) -> Output[Answer]:
    """Move the mouse."""

    async def work(own: Turn) -> None:
        await own.do(own.tab.page.mouse.move(x, y))

    return await acted(ctx, acting(session, snapshot, timeoutMs), work)


@vision.tool(**ACTS)
async def browser_mouse_click_xy(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    x: X,
    y: Y,
    button: Which = None,
    clickCount: Annotated[int, arg("How often.")] | None = None,
    delay: Annotated[float, arg("Milliseconds between down and up.")] | None = None,
    session: SessionHandle = None,
    snapshot: Snapshot = None,
    timeoutMs: TimeoutMs = None,
) -> Output[Answer]:
    """Click at a place."""
    count = bounded("clickCount", 1 if clickCount is None else clickCount, 1, _MOST_CLICKS)
    pause = bounded("delay", int(delay or 0), 0, _MOST_DELAY)

    async def work(own: Turn) -> None:
        await own.do(own.tab.page.mouse.click(x, y, button=button or "left", click_count=count, delay=pause))

    return await acted(ctx, acting(session, snapshot, timeoutMs), work)


@vision.tool(**ACTS)
async def browser_mouse_drag_xy(  # noqa: PLR0913  one parameter for each argument
    ctx: Ctx,
    *,
    startX: X,
    startY: Y,
    endX: X,
    endY: Y,
    session: SessionHandle = None,
    snapshot: Snapshot = None,
    timeoutMs: TimeoutMs = None,
) -> Output[Answer]:
    """Drag from one place to another."""

    async def work(own: Turn) -> None:
        mouse = own.tab.page.mouse
        await own.do(mouse.move(startX, startY))
        await own.do(mouse.down())
        await own.do(mouse.move(endX, endY, steps=5))
        await own.do(mouse.up())

    return await acted(ctx, acting(session, snapshot, timeoutMs), work)


@vision.tool(**ACTS)
async def browser_mouse_down(
    ctx: Ctx,
    *,
    button: Which = None,
    session: SessionHandle = None,
    snapshot: Snapshot = None,
    timeoutMs: TimeoutMs = None,
) -> Output[Answer]:
    """Press a mouse button where the mouse is."""
    options: Any = without({"button": button})

    async def work(own: Turn) -> None:
        await own.do(own.tab.page.mouse.down(**options))

    return await acted(ctx, acting(session, snapshot, timeoutMs), work)


@vision.tool(**ACTS)
async def browser_mouse_up(
    ctx: Ctx,
    *,
    button: Which = None,
    session: SessionHandle = None,
    snapshot: Snapshot = None,
    timeoutMs: TimeoutMs = None,
) -> Output[Answer]:
    """Let a mouse button go."""
    options: Any = without({"button": button})

    async def work(own: Turn) -> None:
        await own.do(own.tab.page.mouse.up(**options))

    return await acted(ctx, acting(session, snapshot, timeoutMs), work)


@vision.tool(**ACTS)
async def browser_mouse_wheel(
    ctx: Ctx,
    *,
    deltaX: Annotated[float, arg("Pixels to the right.")] = 0,
    deltaY: Annotated[float, arg("Pixels down.")] = 0,
    session: SessionHandle = None,
    snapshot: Snapshot = None,
    timeoutMs: TimeoutMs = None,
) -> Output[Answer]:
    """Turn the mouse wheel."""

    async def work(own: Turn) -> None:
        await own.do(own.tab.page.mouse.wheel(deltaX, deltaY))

    return await acted(ctx, acting(session, snapshot, timeoutMs), work)
