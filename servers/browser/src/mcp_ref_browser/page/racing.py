"""Waiting for a page without ever waiting for ever: each wait ends with a dialog, a crash, a close, or its time."""

import asyncio
import re
from collections.abc import Awaitable, Generator
from contextlib import contextmanager
from typing import TypeVar

from mcp_protocol.errors import ToolError
from mcp_ref_browser.engine.ending import outcome
from mcp_ref_browser.errors import BrowserError, crashed, plain, timed_out
from mcp_ref_browser.sessions.tab import Tab

Found = TypeVar("Found")

# The driver knows better why something did not happen, so it is let to say so first.
DRIVER_SECONDS = 0.2
_CLOSED = (
    *("has been closed", "Connection closed", "Target crashed", "Page crashed", "browser has disconnected"),
    "unable to perform operation on",  # the event loop's words for the pipe of a dead driver
)
# What the driver noticed while it waited, in our words, and what to do about it; the first that it said counts.
_REASONS = (
    ("intercepts pointer events", "another element{by} covers it", "Close or scroll away what covers it first."),
    (
        "element is not visible",
        "it is not visible",
        "browser_snapshot shows what is; a menu may have to be opened first.",
    ),
    ("element is not enabled", "it is disabled", "Do first what enables it, or wait for that with browser_wait_for."),
    ("element is not editable", "it cannot be edited", None),
    ("element is inert", "it is inert, as what stands behind a dialog of the page", "Close that dialog first."),
    ("element is not stable", "it keeps moving", "Wait until it rests, or press a key on it."),
    ("outside of the viewport", "it is outside of the viewport", "browser_scroll brings it into view."),
    ("option being selected is not enabled", "the option is disabled", None),
    ("did not find some options", "an option does not exist", None),
    (
        "performing click action",
        "it was clicked, and the page has not gone on since",
        "browser_snapshot shows what it does.",
    ),
)
# What the driver says of an element that is of another kind than the call is for.
_UNFIT = (
    (
        "Element is not an <input>",
        "That is no field for text.",
        "browser_select_option is for lists; click others first.",
    ),
    ("cannot be filled", "That field takes no text.", "browser_check is for boxes, browser_file_upload for files."),
    ("Not a checkbox or radio", "That is no checkbox or radio button.", "browser_click may do what is wanted."),
    ("did not change its state", "The page did not let the box change.", "browser_snapshot shows what it says."),
    ("Non-multiple file input", "The field takes one file.", None),
    ("not an HTMLInputElement", "That is no field for files.", "Click what opens a chooser, then give `paths` alone."),
    ("[webkitdirectory]", "The field takes a directory, which cannot be given here.", None),
)
_SEVERAL = re.compile(r"strict mode violation: .* resolved to (\d+) elements")
# Its tag and a plain id say enough of an element; the rest of its markup is the page's, and may be private.
_COVER = re.compile(r"<([a-z][a-z0-9-]{0,30})(?: id=\"([\w-]{1,40})\")?[^\n]* intercepts pointer events")
_WAITED = re.compile(r"Timeout (\d+)ms exceeded")


class Interrupted(Exception):
    """A dialog opened while something else was waited for."""


class Gone(BrowserError):
    """A page, context or browser was closed under a call."""

    def __init__(self) -> None:
        super().__init__("The page was closed.", code="crashed", hint="Call browser_navigate to go on.")


async def race(tab: Tab, work: Awaitable[Found], seconds: float, what: str, *, grace: float = 0.0) -> Found:
    """The outcome of some work on a page, which may take `seconds`, and `grace` to say why it took longer.

    Raises:
        Interrupted: a dialog opened first.
        BrowserError: the page is gone, the time is up, or the driver's refusal in plain words.
    """
    async with asyncio.TaskGroup() as group:
        doing = group.create_task(outcome(work))
        noticing = group.create_task(tab.interrupted.wait())
        try:
            await asyncio.wait({doing, noticing}, timeout=seconds + grace, return_when=asyncio.FIRST_COMPLETED)
        finally:
            late = not doing.done()
            doing.cancel()
            noticing.cancel()
    if late:
        raise _why(tab, what, seconds)
    found, error = doing.result()
    if error is None:
        return found  # pyright: ignore[reportReturnType]  there is a value where there is no error
    raise translated(error, tab, what, seconds) from error


async def within(work: Awaitable[Found], seconds: float, what: str, tab: Tab) -> Found:
    """The same where a dialog is what is worked on."""
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        raise timed_out(what, seconds) from None
    except Exception as error:  # the driver raises many kinds; each has its words here
        raise translated(error, tab, what, seconds) from error


def check_open(tab: Tab) -> None:
    """Refuse to look at a page on which nothing can be waited for.

    Raises:
        BrowserError: `modal_open`, `crashed`.
    """
    if tab.modal is not None:
        raise modal_open(tab)
    if tab.crashed or tab.closed:
        raise crashed(tab.url)


def modal_open(tab: Tab) -> BrowserError:
    """A dialog stands before everything else."""
    kind = "dialog" if tab.modal is None else tab.modal.kind
    return BrowserError(
        f"A dialog ({kind}) is open on tab {tab.id}.", code="modal_open", hint="Answer it with browser_handle_dialog."
    )


@contextmanager
def driver_errors() -> Generator[None]:
    """The seam for what the driver raises where nothing is raced, as when a browser dies under a call.

    Raises:
        BrowserError: in place of any error of the driver.
    """
    try:
        yield
    except Exception as error:  # the driver raises many kinds; others pass
        message = str(error)
        closed = any(word in message for word in _CLOSED)
        if not closed and type(error).__module__.partition(".")[0] != "playwright":  # which is not imported for this
            raise
        raise Gone() if closed else BrowserError(plain(message) or type(error).__name__) from error


def translated(error: Exception, tab: Tab, what: str, seconds: float) -> Exception:
    """An error of the driver in the words of this server; our own pass as they are."""
    if isinstance(error, ToolError | Interrupted):
        return error
    message = str(error)
    if tab.crashed:
        return crashed(tab.url)
    if any(word in message for word in _CLOSED):
        return Gone()
    if type(error).__name__ == "TimeoutError":
        return _late(message, what, seconds)
    return _unfit(message) or BrowserError(plain(message) or type(error).__name__)


def _unfit(message: str) -> BrowserError | None:
    """That an element is of another kind, or not one."""
    for sign, sentence, hint in _UNFIT:
        if sign in message:
            return BrowserError(sentence, code="unsupported", hint=hint)
    several = _SEVERAL.search(message)
    if several is None:
        return None
    return BrowserError(f"That names {several[1]} elements.", code="ambiguous", hint="Use the ref of one.")


def _late(message: str, what: str, seconds: float) -> BrowserError:
    """The driver's own time was up, which is a little shorter than that of whoever waits for the driver."""
    waited = _WAITED.search(message)
    seconds = int(waited[1]) / 1000 if waited else seconds
    for sign, reason, hint in _REASONS:
        if sign in message:
            return timed_out(what, seconds, reason.format(by=_cover(message)), hint)
    return timed_out(what, seconds)


def _cover(message: str) -> str:
    found = _COVER.search(message)
    if found is None:
        return ""
    return f" (<{found[1]}{f' id={found[2]}' if found[2] else ''}>)"


def _why(tab: Tab, what: str, seconds: float) -> Exception:
    if tab.modal is not None:
        return Interrupted()
    if tab.crashed:
        return crashed(tab.url)
    return Gone() if tab.closed else timed_out(what, seconds)
