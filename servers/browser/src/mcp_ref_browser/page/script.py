"""The scripts that run in pages to read them, as expressions for the driver."""

from functools import cache
from importlib.resources import files

SURVEY = "survey.js"
EXTRACT = "extract.js"
FIELDS = "fields.js"
SERIALIZE = "serialize.js"


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
