"""What a handler answers with, and how failures look to a model."""

from typing import Any, TypeVar

from msgspec import Struct, ValidationError, convert

from mcp_protocol.errors import InvalidParams, ToolError
from mcp_protocol.types import CallToolResult, Result, Text

T = TypeVar("T")

ERROR_META = "mcp-ref/error"


class Encoded(Struct, frozen=True):
    """A result whose bytes are ready for the call's revision."""

    data: bytes


Answer = Result | Encoded


def error_result(error: ToolError) -> CallToolResult:
    """A tool's failure as a result: its text to read (`CODE: sentence`), the same facts for programs under `_meta`.

    No structuredContent: clients of the TypeScript SDK 1.x validate it against the output schema on errors too.
    """
    return CallToolResult(content=[Text(error.text)], is_error=True, meta={ERROR_META: error.facts})


def typed(params: dict[str, Any], kind: type[T], needed: str) -> T:
    """The params in their type.

    Raises:
        InvalidParams: with the sentence that says what the method needs.
    """
    try:
        return convert(params, kind)
    except ValidationError as error:
        _, _, path = str(error).partition(" at `$.")
        wrong = f"; `{path.removesuffix('`')}` is not of the right type" if path else ""
        raise InvalidParams(needed + wrong) from error
