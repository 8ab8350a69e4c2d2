"""Chooses options of a list: the browser's own, or one that a page has made of other elements."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from mcp_ref_browser.errors import BrowserError, invalid
from mcp_ref_browser.page.racing import DRIVER_SECONDS, race
from mcp_ref_browser.page.script import FIELDS, checked, on_element
from mcp_ref_browser.page.targets import frame_of
from mcp_ref_browser.sessions.tab import Tab

if TYPE_CHECKING:
    from playwright.async_api import Frame, Locator

# Options that a page brings late come within this; whoever named a wrong one waits no longer for the right ones.
LATE_SECONDS = 1.0
_SHOWN = 40
_MOST_NAME = 100
_WHAT = "The option was not chosen"


class Native(Struct, frozen=True):
    """What a list of the browser's own has of the options that are wanted."""

    several: bool
    total: int
    labels: list[str]
    """Of the first options."""
    missing: list[str]
    disabled: list[str]


class Drawn(Struct, frozen=True):
    """What else may be a list."""

    is_list: bool
    typed: bool
    """Whether it is a field that is typed into."""
    offers: bool
    """Whether the browser itself offers what it may hold."""


class Seen(Struct, frozen=True):
    """One of the two."""

    native: Native | None = None
    drawn: Drawn | None = None


async def choose(tab: Tab, found: "Locator", values: Sequence[str], seconds: float) -> list[str]:
    """Choose options by value or label, and say which are chosen; `seconds` is the longest wait for each step.

    Raises:
        BrowserError: `invalid_argument`, an option does not exist, is disabled, or is one too many; `unsupported`, it
            is no list; `timeout`, `crashed`.
    """
    given = {"values": list(values), "milliseconds": min(LATE_SECONDS, seconds) * 1000}
    work = found.evaluate(on_element("options", FIELDS), given, timeout=seconds * 1000)
    told = checked(await race(tab, work, seconds + LATE_SECONDS, "The list did not answer"), Seen)
    if told.native is not None:
        _check(told.native, values)
        work = found.select_option(list(values), timeout=seconds * 1000)
        return await race(tab, work, seconds, _WHAT, grace=DRIVER_SECONDS)
    if told.drawn is None or not told.drawn.is_list:
        raise BrowserError("That is no list of options.", code="unsupported", hint="Click it, then click the option.")
    for value in values:
        await _pick(tab, found, value, told.drawn, seconds)
    return list(values)


def _check(told: Native, values: Sequence[str]) -> None:
    if told.missing:
        labels = ", ".join(repr(label[:_MOST_NAME]) for label in told.labels[:_SHOWN])
        more = f" and {told.total - _SHOWN} more" if told.total > _SHOWN else ""
        there = f"there are {labels}{more}" if labels else "the list is empty"
        raise invalid(f"There is no option {told.missing[0][:_MOST_NAME]!r}; {there}.")
    if told.disabled:
        raise invalid(f"The option {told.disabled[0][:_MOST_NAME]!r} is disabled.")
    if len(values) > 1 and not told.several:
        raise invalid(f"The list takes one option, got {len(values)}.")


async def _pick(tab: Tab, found: "Locator", value: str, told: Drawn, seconds: float) -> None:
    """As a user does: open the list, or type into it, and click what then shows."""
    frame = await race(tab, frame_of(found), seconds, _WHAT)
    option = frame.get_by_role("option", name=value, exact=True).filter(visible=True).first
    if told.typed:
        await race(tab, found.fill(value, timeout=seconds * 1000), seconds, _WHAT, grace=DRIVER_SECONDS)
    elif not await race(tab, option.is_visible(), seconds, _WHAT):
        await race(tab, found.click(timeout=seconds * 1000), seconds, _WHAT, grace=DRIVER_SECONDS)
    if told.offers:
        return  # what the browser itself offers is chosen by being typed
    if not await _shows(tab, option, min(LATE_SECONDS, seconds)):
        raise await _unknown(tab, frame, value, seconds)
    await race(tab, option.click(timeout=seconds * 1000), seconds, _WHAT, grace=DRIVER_SECONDS)


async def _shows(tab: Tab, option: "Locator", seconds: float) -> bool:
    try:
        await race(tab, option.wait_for(timeout=seconds * 1000), seconds, _WHAT, grace=DRIVER_SECONDS)
    except BrowserError as error:
        if error.code != "timeout":
            raise
        return False
    return True


async def _unknown(tab: Tab, frame: "Frame", value: str, seconds: float) -> BrowserError:
    shown = frame.get_by_role("option").filter(visible=True)
    texts: list[str] = await race(tab, shown.all_inner_texts(), seconds, _WHAT)
    names = ", ".join(repr(" ".join(text.split())[:_MOST_NAME]) for text in texts[:_SHOWN])
    return invalid(
        f"There is no option {value[:_MOST_NAME]!r}; {f'it shows {names}' if names else 'it shows none'}.",
        "Type or scroll in the list if it shows only a part of its options.",
    )
