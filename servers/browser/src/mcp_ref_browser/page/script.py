"""The one script that runs in pages to read them, as expressions for the driver."""

from functools import cache
from importlib.resources import files


@cache
def _source() -> str:
    return files("mcp_ref_browser.page").joinpath("extract.js").read_text(encoding="utf-8").strip().removesuffix(";")


@cache
def on_document(name: str) -> str:
    """An expression that calls one of its functions with one argument."""
    return f"(given) => ({_source()}).{name}(given)"


@cache
def on_body(name: str) -> str:
    """An expression that calls one of its functions with the document's element and an argument."""
    return f"(given) => ({_source()}).{name}(document.body || document.documentElement, given)"


@cache
def on_element(name: str) -> str:
    """An expression that calls one of its functions with an element and an argument."""
    return f"(element, given) => ({_source()}).{name}(element, given)"
