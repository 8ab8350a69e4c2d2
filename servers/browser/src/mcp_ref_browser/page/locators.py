"""A locator as the code of a test, in Python or TypeScript. Pure."""

import ast
import json
from typing import Literal

Language = Literal["python", "typescript"]
_METHODS = frozenset({"first", "last", "content_frame"})


def code(locator: str, language: Language) -> str:
    """The code for a locator that the driver wrote in Python: `get_by_role("button", name="Go").first`."""
    if language == "python":
        return f"page.{locator}"
    try:
        return f"page.{_typescript(ast.parse(locator, mode='eval').body)}"
    except (SyntaxError, ValueError):
        return f"page.locator({json.dumps(locator, ensure_ascii=False)})"


def _typescript(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        return _call(node)
    if isinstance(node, ast.Attribute):
        # `.first` is a property in Python and a method there.
        ending = "()" if node.attr in _METHODS else ""
        return f"{_typescript(node.value)}.{_camel(node.attr)}{ending}"
    if isinstance(node, ast.Name):
        return _camel(node.id)
    if isinstance(node, ast.Constant):
        return json.dumps(node.value, ensure_ascii=False)
    raise ValueError("another form")


def _call(node: ast.Call) -> str:
    arguments = [_typescript(one) for one in node.args]
    if node.keywords:
        pairs = ", ".join(f"{_camel(one.arg or '')}: {_typescript(one.value)}" for one in node.keywords)
        arguments.append(f"{{ {pairs} }}")
    return f"{_typescript(node.func)}({', '.join(arguments)})"


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
