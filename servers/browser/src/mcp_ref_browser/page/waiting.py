"""Waits for texts and elements, in whatever frame of the page they come or go."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from mcp_ref_browser.errors import BrowserError, timed_out
from mcp_ref_browser.page.racing import DRIVER_SECONDS, race
from mcp_ref_browser.page.targets import located
from mcp_ref_browser.sessions.tab import Tab

if TYPE_CHECKING:
    from playwright.async_api import Frame, Locator

ElementState = Literal["visible", "hidden", "attached", "detached"]
# Beyond these nobody looks for a text.
MOST_FRAMES = 50
# A frame that comes while a text is waited for is looked at within this.
_ROUND_SECONDS = 1.0


async def shows(tab: Tab, text: str, seconds: float) -> None:
    """Wait until a text is to be seen in some frame. Of several places one that is visible is enough.

    Raises:
        BrowserError: `timeout`, `crashed`.
    """
    end = asyncio.get_running_loop().time() + seconds
    what = f"The text {text[:100]!r} did not appear"
    while (left := end - asyncio.get_running_loop().time()) > 0:
        if await race(tab, _any_shows(_frames(tab), text, min(left, _ROUND_SECONDS)), seconds + 1, what):
            return
    raise timed_out(what, seconds)


async def goes(tab: Tab, text: str, seconds: float) -> None:
    """Wait until a text is to be seen nowhere.

    Raises:
        BrowserError: `timeout`, `crashed`.
    """
    end = asyncio.get_running_loop().time() + seconds
    for frame in _frames(tab):
        left = max(end - asyncio.get_running_loop().time(), 0.001)
        waiting = _visible(frame, text).wait_for(state="hidden", timeout=left * 1000)
        try:
            await race(tab, waiting, left, f"The text {text[:100]!r} did not go", grace=DRIVER_SECONDS)
        except BrowserError as error:
            if frame.is_detached():  # and what it showed with it
                continue
            if error.code == "timeout":  # in all, and not for this frame alone
                raise timed_out(f"The text {text[:100]!r} did not go", seconds) from error
            raise


async def becomes(tab: Tab, target: str, state: ElementState, seconds: float) -> None:
    """Wait until the first element that is meant is in a state.

    Raises:
        BrowserError: `timeout`, `crashed`, `invalid_argument`.
    """
    found, _ = await located(tab, target)
    waiting = found.first.wait_for(state=state, timeout=seconds * 1000)
    await race(tab, waiting, seconds, f"{target[:100]} was not {state}", grace=DRIVER_SECONDS)


async def shown(tab: Tab, text: str, seconds: float) -> bool:
    """Whether a text is to be seen now, in any frame."""
    work = _any(_frames(tab), lambda frame: _visible(frame, text))
    return await race(tab, work, seconds, "The page did not answer")


async def role_shown(tab: Tab, role: str, name: str, seconds: float) -> bool:
    """Whether an element of this role and accessible name is to be seen now, in any frame."""
    wanted: Any = role
    work = _any(_frames(tab), lambda frame: frame.get_by_role(wanted, name=name).filter(visible=True).first)
    return await race(tab, work, seconds, "The page did not answer")


def _frames(tab: Tab) -> "list[Frame]":
    return tab.page.frames[:MOST_FRAMES]


def _visible(frame: "Frame", text: str) -> "Locator":
    return frame.get_by_text(text).filter(visible=True).first


async def _any(frames: "Sequence[Frame]", make: "Callable[[Frame], Locator]") -> bool:
    """Whether what is made for a frame is visible in one of them."""
    for frame in frames:
        try:
            if await make(frame).is_visible():
                return True
        except Exception:
            if not frame.is_detached():  # a frame that has gone shows nothing
                raise
    return False


async def _any_shows(frames: "Sequence[Frame]", text: str, seconds: float) -> bool:
    """Whether the text comes within the time; the first frame that shows it ends the wait."""
    async with asyncio.TaskGroup() as group:
        waiting = {group.create_task(_shows(frame, text, seconds)) for frame in frames}
        seen = False
        while waiting and not seen:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            seen = any(one.result() for one in done)
        for one in waiting:
            one.cancel()
    return seen


async def _shows(frame: "Frame", text: str, seconds: float) -> bool:
    try:
        await _visible(frame, text).wait_for(timeout=seconds * 1000)
    except Exception as error:
        # Its time is up, or it has gone: another frame may show the text.
        if type(error).__name__ != "TimeoutError" and not frame.is_detached():
            raise
        return False
    return True
