# ruff: noqa: N803  argument names are the wire's
"""The mouse by coordinates, for models that look at pictures."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

from mcp_protocol import Output, Toolset, arg
from mcp_ref_browser.answer.answers import Answer
from mcp_ref_browser.state import Ctx, State
from mcp_ref_browser.tools.arguments import ACTS, Button, SessionHandle, Snapshot, TimeoutMs, acting, bounded
from mcp_ref_browser.turns import Asked, Turn, acted

if TYPE_CHECKING:
    from playwright.async_api import Mouse

vision = Toolset[State]("vision", default=False)

X = Annotated[float, arg("Pixels from the left of the window.")]
Y = Annotated[float, arg("Pixels from its top.")]
Which = Annotated[Button, arg("Button.")] | None
Move = Callable[["Mouse"], Awaitable[None]]
_MOST_CLICKS = 10
_MOST_DELAY = 10_000
# Pages take a jump for no drag.
_STEPS = 5


@vision.tool(**ACTS)
async def browser_mouse_move_xy(
    ctx: Ctx, *, x: X, y: Y, session: SessionHandle = None, snapshot: Snapshot = None, timeoutMs: TimeoutMs = None
) -> Output[Answer]:
    """Move the mouse."""
    return await _moved(ctx, acting(session, snapshot, timeoutMs), lambda mouse: mouse.move(x, y))


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
    pause = bounded("delay", delay or 0.0, 0, _MOST_DELAY)
    which = button or "left"
    asked = acting(session, snapshot, timeoutMs)
    return await _moved(ctx, asked, lambda mouse: mouse.click(x, y, button=which, click_count=count, delay=pause))


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
    return await _moved(
        ctx,
        acting(session, snapshot, timeoutMs),
        lambda mouse: mouse.move(startX, startY),
        lambda mouse: mouse.down(),
        lambda mouse: mouse.move(endX, endY, steps=_STEPS),
        lambda mouse: mouse.up(),
    )


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
    return await _moved(ctx, acting(session, snapshot, timeoutMs), lambda mouse: mouse.down(button=button or "left"))


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
    return await _moved(ctx, acting(session, snapshot, timeoutMs), lambda mouse: mouse.up(button=button or "left"))


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
    return await _moved(ctx, acting(session, snapshot, timeoutMs), lambda mouse: mouse.wheel(deltaX, deltaY))


async def _moved(ctx: Ctx, asked: Asked, *moves: Move) -> Output[Answer]:
    """Do something with the mouse, move by move, and tell what has become of the page."""

    async def work(own: Turn) -> None:
        for move in moves:
            await own.do(move(own.tab.page.mouse))

    return await acted(ctx, asked, work)
