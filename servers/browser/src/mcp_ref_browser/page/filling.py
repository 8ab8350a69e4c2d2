"""What a field takes: asked of the field itself before it is typed into, so that a refusal leaves it as it was."""

from typing import TYPE_CHECKING

from msgspec import Struct

from mcp_ref_browser.errors import BrowserError, invalid
from mcp_ref_browser.page.racing import DRIVER_SECONDS, race
from mcp_ref_browser.page.script import FIELDS, checked, on_element
from mcp_ref_browser.sessions.tab import Tab

if TYPE_CHECKING:
    from playwright.async_api import Locator

_SHAPES = {
    "color": "as #rrggbb",
    "date": "as YYYY-MM-DD",
    "datetime-local": "as YYYY-MM-DDTHH:MM",
    "month": "as YYYY-MM",
    "number": "a number",
    "time": "as HH:MM",
    "week": "as YYYY-Www",
}


_MOST = 40


class Field(Struct, frozen=True):
    """What an element is to whoever types; of a label, what its field is."""

    kind: str
    """The type of an input; else the name of the element in lower case."""
    takes: bool
    """Whether the text stays what it is, once it is in the field."""
    min: str
    max: str
    step: str
    """Bounds of a slider or number as the page gives them; empty where it gives none."""


async def asked(tab: Tab, found: "Locator", text: str, seconds: float) -> Field:
    """What the field is, and whether it takes this text. `seconds`: longest wait for the page.

    Raises:
        BrowserError: `timeout`, `crashed`; `failed`, the page does not let itself be asked.
    """
    work = found.evaluate(on_element("field", FIELDS), text, timeout=seconds * 1000)
    return checked(await race(tab, work, seconds, "The field did not answer", grace=DRIVER_SECONDS), Field)


def check(field: Field, text: str) -> None:
    """Refuse a text that the browser would make into another one, or into none.

    Raises:
        BrowserError: `invalid_argument`, which says what the field takes.
    """
    if field.takes:
        return
    if field.kind == "range":
        step = f" in steps of {field.step[:_MOST]}" if field.step else ""
        shape = f"a number from {field.min[:_MOST] or '0'} to {field.max[:_MOST] or '100'}{step}"
    else:
        shape = _SHAPES.get(field.kind, "another text")
    raise invalid(f"A field for {field.kind} takes its value {shape}, got {text[:40]!r}.")


def check_slider(field: Field) -> None:
    """Refuse what looks like a slider and is none of the browser's own.

    Raises:
        BrowserError: `unsupported`.
    """
    if field.kind not in {"range", "number"}:
        raise BrowserError(
            "That is no slider of the browser's own.",
            code="unsupported",
            hint="Move it as a user would: browser_press_key with its `target` and ArrowRight, or browser_drag.",
        )


async def to_end(tab: Tab, found: "Locator", seconds: float) -> None:
    """Put the caret behind what the field holds. `seconds`: longest wait for the page.

    Raises:
        BrowserError: `timeout`, `crashed`.
    """
    work = found.evaluate(on_element("end", FIELDS), None, timeout=seconds * 1000)
    what = "The field did not answer"
    if not await race(tab, work, seconds, what, grace=DRIVER_SECONDS):
        await race(tab, found.press("End", timeout=seconds * 1000), seconds, what, grace=DRIVER_SECONDS)
