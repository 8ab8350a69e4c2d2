"""The scripts that run in pages to read them, as expressions for the driver; and what they answer, which is checked."""

from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

import msgspec

from mcp_ref_browser.errors import BrowserError

SURVEY = "survey.js"
EXTRACT = "extract.js"
FIELDS = "fields.js"
SERIALIZE = "serialize.js"
Answer = TypeVar("Answer")


@cache
def source(file: str) -> str:
    """A script as it is: one expression."""
    return files("mcp_ref_browser.page").joinpath(file).read_text(encoding="utf-8").strip().removesuffix(";")


@cache
def on_document(name: str, file: str = EXTRACT) -> str:
    """An expression that calls one of its functions with one argument."""
    return f"(given) => ({source(file)}).{name}(given)"


@cache
def on_body(name: str) -> str:
    """An expression that calls one of its functions with the document's element and an argument."""
    return f"(given) => ({source(EXTRACT)}).{name}(document.body || document.documentElement, given)"


@cache
def on_element(name: str, file: str = EXTRACT) -> str:
    """An expression that calls one of its functions with an element and an argument."""
    return f"(element, given) => ({source(file)}).{name}(element, given)"


def checked(told: Any, kind: type[Answer]) -> Answer:
    """An answer of a script. It has run among scripts of the page, which may have made it say anything.

    Raises:
        BrowserError: it is of another form.
    """
    try:
        return msgspec.convert(told, kind)
    except msgspec.ValidationError as error:
        raise BrowserError("The page does not let itself be asked.", hint="Look at it: browser_snapshot.") from error
