"""What is known while a page is written: the elements around the current place, and what the caller wants."""

import re
from html import unescape

from msgspec import Struct

from mcp_ref_fetch.text import inline
from mcp_ref_fetch.text.tables import Cell, Table

HEADINGS = {f"h{level}": level for level in range(1, 7)}
# Inline elements that become marks; of the others only the text is of interest.
# A formula, which is no element of HTML: so it is written for the parser, with its marks.
TEX = "x-tex"
VERBATIM = frozenset({"code", "kbd", "samp", "tt", TEX})
MARKED = frozenset({"a", "strong", "b", "em", "i", "del", "s", "strike", "sup", "q"}) | VERBATIM
INLINE = MARKED | {
    "abbr", "acronym", "bdi", "bdo", "cite", "data", "dfn", "ins", "label", "mark", "output", "ruby", "rb",
    "rp", "rt", "small", "span", "sub", "time", "u", "var", "meter", "progress", "font", "button", "slot",
}  # fmt: skip
LISTS = frozenset({"ul", "ol", "menu", "dir"})
# Blocks that become more than paragraphs.
FRAMED = frozenset(
    {*HEADINGS, *LISTS, "blockquote", "pre", "li", "dt", "dd", "table", "tr", "td", "th", "thead", "caption"}
)
VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
NEVER = frozenset(
    {
        "head",
        "script",
        "style",
        "template",
        "noscript",
        "iframe",
        "svg",
        "select",
        "textarea",
        "canvas",
        "audio",
        "video",
    }
)
_ATTRIBUTE = re.compile(r'([^ =]+)="([^"]*)"')


class Options(Struct, frozen=True, kw_only=True):
    """What the caller wants to see."""

    base: str
    links: bool = True
    images: bool = False
    plain: bool = False
    """Text without marks."""


class Frame:
    """An element that is being read, and what was found in it so far."""

    __slots__ = ("around", "blocks", "is_plain", "items", "parts", "row", "source", "table", "tag")

    def __init__(self, tag: str, source: str = "", around: str = "", *, is_plain: bool = False) -> None:
        self.tag = tag
        self.is_plain = is_plain
        self.source = source
        self.around = around
        """The attributes of the elements just around, as written."""
        self.parts: list[str] = []
        self.blocks: list[str] = []
        self.table: Table | None = None
        self.row: list[Cell] = []
        self.items = 0

    @property
    def attributes(self) -> dict[str, str]:
        """Its attributes."""
        return attributes(self.source)

    def flush(self) -> None:
        """End the run of text that is open."""
        if self.parts:
            text = inline.joined(self.parts)
            self.parts.clear()
            if text:
                self.blocks.append(text if self.is_plain else inline.escaped_start(text))

    def finished(self) -> list[str]:
        """The blocks of the element."""
        self.flush()
        return self.blocks


class Scene:
    """The elements around the current place, the outermost first."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.frames: list[Frame] = []


def attributes(source: str) -> dict[str, str]:
    """The attributes of a tag of the parser's own writing."""
    return {name: unescape(value) if "&" in value else value for name, value in _ATTRIBUTE.findall(source)}
