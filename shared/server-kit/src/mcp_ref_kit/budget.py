"""Results that fit: text cut between characters, with a mark that says how to get the rest. Pure."""

from typing import Any, cast

from msgspec import Raw
from msgspec.json import encode
from msgspec.structs import replace

from mcp_protocol.errors import ToolError
from mcp_protocol.types import CallToolResult, TextContent

# The one field of what a tool returns as plain text.
_RESULT = "result"
# Letters that join what stands before them to what follows: emoji are built with them.
_JOINER = "\u200d"
_EXTENDERS = frozenset(f"{_JOINER}\ufe0e\ufe0f\u20e3")
# Marks stack; more of them in a row than this are an attack on whoever counts them.
_MOST_MARKS = 32


def fit(result: CallToolResult, most: int) -> CallToolResult:
    """The result with at most `most` characters of text, and as many of structured content.

    Raises:
        ToolError: `too_large`; structured content cannot be cut without becoming something else.
    """
    shown = sum(len(block.text) for block in result.content if isinstance(block, TextContent))
    plain = _plain(result.structured_content)
    if plain is not None and len(plain) > most:
        result = replace(result, structured_content={_RESULT: marked(plain, most)})
    elif plain is None and (size := _excess(result.structured_content, most)):
        raise ToolError(
            f"The result has {size} characters; at most {most} can be returned.",
            code="too_large",
            hint="Ask for less: a narrower question, a smaller limit, or one part after the other.",
        )
    return result if shown <= most else _shortened(result, most)


def marked(text: str, most: int) -> str:
    """The text, or its beginning and a line that says what is missing and how to get it."""
    if len(text) <= most:
        return text
    kept = cut(text, most)
    return (
        f"{kept}\n[{len(kept)} of {len(text)} characters. For the rest, ask for less at a time: a narrower question,"
        " a smaller limit, or the next part by offset or cursor if the tool has one.]"
    )


def cut(text: str, most: int) -> str:
    """At most the first `most` characters, never parting a letter from its marks or a joined emoji."""
    if len(text) <= most:
        return text
    for end in range(most, max(most - _MOST_MARKS, 0), -1):
        if not _continues(text[end]) and text[end - 1] != _JOINER:
            return text[:end]
    return text[:most]


def _plain(structured: Any) -> str | None:
    """The text of a tool that returns nothing but text."""
    if isinstance(structured, dict) and structured.keys() == {_RESULT}:
        text = cast("dict[str, Any]", structured)[_RESULT]
        return text if isinstance(text, str) else None
    return None


def _excess(structured: Any, most: int) -> int:
    """How many characters structured content has if there are too many, about: its JSON, each escape as one."""
    if structured is None:
        return 0
    raw = memoryview(structured) if isinstance(structured, Raw) else encode(structured)
    if len(raw) <= most:  # the usual case, without copying or decoding
        return 0
    data = bytes(raw)
    size = len(data.decode("utf-8", "replace")) - data.count(b"\\")
    return size if size > most else 0


def _shortened(result: CallToolResult, most: int) -> CallToolResult:
    blocks: list[Any] = []
    left = most
    for block in result.content:
        if not isinstance(block, TextContent):
            blocks.append(block)
        elif left > 0:
            blocks.append(replace(block, text=marked(block.text, left)))
            left -= len(block.text)
    return replace(result, content=blocks)


def _continues(character: str) -> bool:
    from unicodedata import combining  # noqa: PLC0415  3 ms of start-up, and few results are cut

    skin_tone = "\U0001f3fb" <= character <= "\U0001f3ff"
    return combining(character) != 0 or character in _EXTENDERS or skin_tone
