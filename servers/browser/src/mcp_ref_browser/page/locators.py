"""A locator as the code of a test, in Python or TypeScript. Pure."""

import ast
import json
from typing import Literal

Language = Literal["python", "typescript"]


def code(locator: str, language: Language) -> str:
    """The code for a locator that the driver wrote in Python: `get_by_role("button", name="Go").first`."""
    if language == "python":
        return f"page.{locator}"
    try:
        return f"page.{_typescript(ast.parse(locator, mode='eval').body)}"
    except (SyntaxError, ValueError):
        return f"page.locator({json.dumps(locator, ensure_ascii=False)})"


def _typescript(node: ast.expr) -> str:
    match node:
        case ast.Call(func=function, args=positional, keywords=named):
            arguments = [_typescript(one) for one in positional]
            if named:
                pairs = ", ".join(f"{_camel(one.arg or '')}: {_typescript(one.value)}" for one in named)
                arguments.append(f"{{ {pairs} }}")
            return f"{_typescript(function)}({', '.join(arguments)})"
        case ast.Attribute(value=value, attr="first" | "last" as name):
            return f"{_typescript(value)}.{name}()"
        case ast.Attribute(value=value, attr="content_frame"):
            return f"{_typescript(value)}.contentFrame()"
        case ast.Attribute(value=value, attr=name):
            return f"{_typescript(value)}.{_camel(name)}"
        case ast.Name(id=name):
            return _camel(name)
        case ast.Constant(value=bool(value)):
            return "true" if value else "false"
        case ast.Constant(value=value):
            return json.dumps(value, ensure_ascii=False)
        case _:
            raise ValueError("another form")


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
