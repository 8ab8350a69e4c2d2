"""What is known while a page is written: the elements around the current place, and what the caller wants."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msgspec import Struct

from mcp_ref_fetch.text import inline
from mcp_ref_fetch.text.tables import Cell, Table

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

HEADINGS = {f"h{level}": level for level in range(1, 7)}
INLINE = frozenset(
    {
        "a", "abbr", "acronym", "bdi", "bdo", "cite", "data", "del", "dfn", "ins", "label", "mark", "output", "q",
        "ruby", "rb", "rp", "rt", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "u",
        "var", "wbr", "b", "code", "em", "i", "kbd", "tt", "meter", "progress",
    }
)  # fmt: skip


class Options(Struct, frozen=True, kw_only=True):
    """What the caller wants to see."""

    base: str
    links: bool = True
    images: bool = False
    plain: bool = False
    """Text without marks."""


@dataclass
class Frame:
    """An element that is being read."""

    tag: str
    node: "LexborNode"
    attributes: dict[str, str | None]
    parts: list[str] = field(default_factory=list[str])
    blocks: list[str] = field(default_factory=list[str])
    table: Table | None = None
    row: list[Cell] = field(default_factory=list[Cell])
    items: int = 0
    preformatted: bool = False

    def flush(self) -> None:
        """End the run of text that is open."""
        if self.parts:
            text = self.parts[0] if self.preformatted and len(self.parts) == 1 else inline.joined(self.parts)
            self.parts.clear()
            if text:
                self.blocks.append(inline.escaped_start(text))

    def finished(self) -> list[str]:
        """The blocks of the element."""
        self.flush()
        return self.blocks


@dataclass
class Scene:
    """The elements around the current place, the outermost first."""

    options: Options
    frames: list[Frame] = field(default_factory=list[Frame])
