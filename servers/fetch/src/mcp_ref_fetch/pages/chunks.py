"""Parts of a text: where it is cut, and windows around what was looked for. Pure."""

from collections.abc import Sequence

from msgspec import Struct

from mcp_ref_kit.budget import cut

# Of one answer, whatever was asked for: with the structured content it counts twice.
MOST_BYTES = 256 * 1024
_AROUND = 500
_MOST_WINDOWS = 20


class Window(Struct, frozen=True):
    """A place where the words stand, and the text around it."""

    index: int
    start: int
    text: str


def chunk(text: str, start: int, most: int) -> str:
    """At most so many characters from a place on; a cut falls between paragraphs, if there is a gap near its end."""
    part = cut(text[start : start + most + 1], most)
    if len(part.encode("utf-8", "replace")) > MOST_BYTES:
        part = part.encode()[:MOST_BYTES].decode("utf-8", "ignore")
    if start + len(part) >= len(text):
        return part
    gap = part.rfind("\n\n", len(part) - len(part) // 10)
    return part[: gap + 2] if gap > 0 else part


def windows(text: str, words: str) -> list[Window]:
    """The text around each place where the words stand, whatever their case; windows do not overlap."""
    lowered, wanted = text.lower(), words.lower()
    if len(lowered) != len(text):  # a few letters have no lower case of the same length
        lowered, wanted = text, words
    found: list[Window] = []
    position = 0
    while len(found) < _MOST_WINDOWS and (index := lowered.find(wanted, position)) >= 0:
        start = max(position, index - _AROUND)
        end = min(len(text), index + len(wanted) + _AROUND)
        found.append(Window(index, start, text[start:end]))
        position = end
    return found


def shown(found: Sequence[Window]) -> str:
    """Windows for reading."""
    return "\n\n".join(f"[at {window.index}]\n{window.text}" for window in found)
