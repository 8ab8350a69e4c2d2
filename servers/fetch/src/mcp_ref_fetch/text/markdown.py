"""Markdown from the tree of a page: one walk without recursion, one table from an element to what becomes of it."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from msgspec import Struct

from mcp_ref_fetch.text import inline
from mcp_ref_fetch.text.content import Content, Node
from mcp_ref_fetch.text.hidden import NEVER, is_hidden
from mcp_ref_fetch.text.tables import Cell, Table

_CLOCK_EVERY = 2048
_LANGUAGE = re.compile(r"(?:^|\s)(?:language|lang|highlight-source|highlight|brush:)[-:]?\s*([A-Za-z0-9+#_.-]{1,30})")
_NO_LANGUAGE = frozenset(
    {"none", "text", "plain", "plaintext", "nohighlight", "source", "block", "default", "notranslate"}
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_MARKS = {"strong": "**", "b": "**", "em": "*", "i": "*", "del": "~~", "s": "~~", "strike": "~~"}
_CODE = frozenset({"code", "kbd", "samp", "tt"})
_INLINE = frozenset(
    [
        "a",
        "abbr",
        "acronym",
        "bdi",
        "bdo",
        "cite",
        "data",
        "del",
        "dfn",
        "ins",
        "label",
        "mark",
        "output",
        "q",
        "ruby",
        "rb",
        "rp",
        "rt",
        "s",
        "samp",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "time",
        "u",
        "var",
        "wbr",
        "b",
        "code",
        "em",
        "i",
        "kbd",
        "tt",
        "meter",
        "progress",
    ]
)
_HEADING_MARK = re.compile(r"^#{1,6} ")


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
    node: Node
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


class Writer:
    """Writes the chosen parts of a page as Markdown."""

    def __init__(
        self, content: Content, options: Options, deadline: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._content = content
        self._options = options
        self._deadline = deadline
        self._clock = clock
        self._frames: list[Frame] = []
        self._in_pre = 0
        self.truncated = False

    def write(self) -> str:
        """All of it; `truncated` says whether the time was too short."""
        blocks: list[str] = []
        for root in self._content.roots:
            blocks += self._read(root)
        return "\n\n".join(blocks)

    def _read(self, root: Node) -> list[str]:
        outer = Frame("div", root, {})
        self._frames = [outer]
        for count, (node, entering) in enumerate(_walk(root, self._enter)):
            if not entering:
                self._leave(node)
            if count % _CLOCK_EVERY == 0 and self._clock() > self._deadline:
                self.truncated = True
                break
        while len(self._frames) > 1:
            self._close(self._frames.pop())
        return outer.finished()

    def _enter(self, node: Node) -> bool:
        """Begin an element, or take a text; whether to look inside."""
        tag = node.tag
        if tag == "-text":
            self._text(node.text_content or "")
            return False
        if tag is None or tag in NEVER or tag.startswith("-"):
            return False
        attributes = node.attributes
        if is_hidden(attributes) or self._content.passes_over(node, tag, attributes):
            return False
        single = _SINGLE.get(tag)
        if single is not None:
            single(self, attributes)
            return False
        if tag == "button" and not any(frame.tag in _HEADINGS for frame in self._frames):
            return False
        self._open(tag, node, attributes)
        return True

    def _open(self, tag: str, node: Node, attributes: dict[str, str | None]) -> None:
        top = self._frames[-1]
        if tag not in _INLINE and not self._in_pre:
            top.flush()
        frame = Frame(tag, node, attributes)
        if tag == "pre":
            self._in_pre += 1
            frame.preformatted = True
        elif tag == "table":
            frame.table = Table(for_layout=(attributes.get("role") or "") in {"presentation", "none"})
        self._frames.append(frame)

    def _leave(self, node: Node) -> None:
        if len(self._frames) > 1 and self._frames[-1].node.mem_id == node.mem_id:
            self._close(self._frames.pop())

    def _close(self, frame: Frame) -> None:
        parent = self._frames[-1]
        if frame.tag == "pre":
            self._in_pre -= 1
        if self._in_pre:
            parent.parts.extend(frame.parts if not frame.blocks else ["\n".join(frame.finished())])
            if frame.tag in _LINES_OF_CODE and not "".join(parent.parts[-1:]).endswith("\n"):
                parent.parts.append("\n")
            return
        _CLOSE.get(frame.tag, _close_inline if frame.tag in _INLINE else _close_block)(self, frame, parent)

    def _text(self, text: str) -> None:
        if self._in_pre:
            self._frames[-1].parts.append(text)
            return
        text = inline.collapsed(text)
        if text != " " or self._frames[-1].parts or self._frames[-1].tag in _INLINE:
            self._frames[-1].parts.append(text)

    # What elements without content become.

    def break_line(self, attributes: dict[str, str | None]) -> None:
        """`br`."""
        del attributes
        self._frames[-1].parts.append("\n")

    def rule(self, attributes: dict[str, str | None]) -> None:
        """`hr`."""
        del attributes
        top = self._frames[-1]
        top.flush()
        if not self._options.plain:
            top.blocks.append("---")

    def picture(self, attributes: dict[str, str | None]) -> None:
        """`img`: only where pictures are wanted, and then with their text."""
        alt = inline.collapsed(attributes.get("alt") or "").strip()
        url = inline.absolute(attributes.get("src") or attributes.get("data-src") or "", self._options.base)
        if self._options.images and url is not None:
            self._frames[-1].parts.append(f"![{alt}]({url})" if not self._options.plain else alt)

    def box(self, attributes: dict[str, str | None]) -> None:
        """`input`: a box of a list of tasks; of other fields nothing is text."""
        if (attributes.get("type") or "").lower() == "checkbox":
            self._frames[-1].parts.append("[x] " if "checked" in attributes else "[ ] ")

    @property
    def options(self) -> Options:
        """What the caller wants to see."""
        return self._options

    @property
    def frames(self) -> list[Frame]:
        """The elements around the current place."""
        return self._frames


def _walk(root: Node, enter: Callable[[Node], bool]) -> Iterator[tuple[Node, bool]]:
    """Go through a tree in the order of its text, without recursion: (node, True) on entering, (node, False) after."""
    stack: list[tuple[Node, bool]] = [(root, True)]
    while stack:
        node, entering = stack.pop()
        if entering and enter(node):
            stack.append((node, False))
            inside: list[tuple[Node, bool]] = []
            child = node.child
            while child is not None:
                inside.append((child, True))
                child = child.next
            stack.extend(reversed(inside))
        yield node, entering


def _close_block(writer: Writer, frame: Frame, parent: Frame) -> None:
    del writer
    parent.blocks.extend(frame.finished())


def _close_inline(writer: Writer, frame: Frame, parent: Frame) -> None:
    if frame.blocks:  # a link or span around whole blocks
        if frame.tag == "a" and writer.options.links:
            parent.parts.append(_as_inline(writer, frame))
            parent.flush()
            return
        parent.flush()
        parent.blocks.extend(frame.finished())
        return
    parent.parts.append(_as_inline(writer, frame))


def _as_inline(writer: Writer, frame: Frame) -> str:
    options = writer.options
    if frame.blocks:
        text = " ".join(_HEADING_MARK.sub("", block).replace("\n", " ") for block in frame.finished())
    else:
        text = "".join(frame.parts)
    if options.plain:
        return text
    if frame.tag == "a" and options.links:
        return inline.link(text, frame.attributes.get("href") or "", options.base)
    if frame.tag in _CODE:
        return inline.code_span(text)
    mark = _MARKS.get(frame.tag)
    return text if mark is None else inline.wrapped(text, mark)


def _close_heading(writer: Writer, frame: Frame, parent: Frame) -> None:
    text = " ".join(frame.finished()).replace("\n", " ").removeprefix("\\").strip()
    if text:
        parent.blocks.append(text if writer.options.plain else f"{'#' * _HEADINGS[frame.tag]} {text}")


def _close_quotation(writer: Writer, frame: Frame, parent: Frame) -> None:
    text = "\n\n".join(frame.finished())
    if text:
        parent.blocks.append(text if writer.options.plain else _prefixed(text, "> ", "> "))


def _close_code(writer: Writer, frame: Frame, parent: Frame) -> None:
    text = "\n".join(["".join(frame.parts), *frame.blocks]) if frame.blocks else "".join(frame.parts)
    if text.strip():
        parent.blocks.append(text.strip("\n") if writer.options.plain else inline.code_block(text, _language(frame)))


def _close_item(writer: Writer, frame: Frame, parent: Frame) -> None:
    blocks = frame.finished()
    if not blocks:
        return
    numbered = parent.tag == "ol"
    number = _number(frame.attributes.get("value"), _number(parent.attributes.get("start"), 1) + parent.items)
    mark = f"{number}. " if numbered else "- "
    parent.items += 1
    text = blocks[0]
    for block in blocks[1:]:
        text += ("\n" if _is_list(block) else "\n\n") + block
    del writer
    parent.blocks.append(_prefixed(text, mark, " " * len(mark)))


def _close_list(writer: Writer, frame: Frame, parent: Frame) -> None:
    del writer
    blocks = frame.finished()
    if blocks:
        loose = any("\n\n" in block for block in blocks)
        parent.blocks.append(("\n\n" if loose else "\n").join(blocks))


def _close_term(writer: Writer, frame: Frame, parent: Frame) -> None:
    text = " ".join(frame.finished())
    if text:
        parent.blocks.append(text if writer.options.plain or text.startswith("**") else f"**{text}**")


def _close_definition(writer: Writer, frame: Frame, parent: Frame) -> None:
    del writer
    text = "\n\n".join(frame.finished())
    if text:
        definition = _prefixed(text, ": ", "  ")
        if parent.blocks:
            parent.blocks[-1] += f"\n{definition}"
        else:
            parent.blocks.append(definition)


def _close_table(writer: Writer, frame: Frame, parent: Frame) -> None:
    table = frame.table or Table()
    around = [each for each in writer.frames if each.tag == "table"]
    if around and around[-1].table is not None:
        around[-1].table.for_layout = True  # a table with tables in it arranges them
    if writer.options.plain:
        lines = ["\t".join(cell.text for cell in row) for row in table.rows if row]
        parent.blocks.extend(frame.finished() + (["\n".join(lines)] if lines else []))
        return
    parent.blocks.extend(frame.finished() + table.blocks())


def _close_row(writer: Writer, frame: Frame, parent: Frame) -> None:
    table = _table(writer)
    if table is not None and frame.row:
        table.rows.append(frame.row)
    elif table is None:  # a row was chosen without its table
        parent.blocks.extend(frame.finished())


def _close_cell(writer: Writer, frame: Frame, parent: Frame) -> None:
    blocks = frame.finished()
    text = " ".join(block.replace("\n", " ") for block in blocks).replace("|", "\\|")
    columns = _number(frame.attributes.get("colspan"), 1)
    rows = _number(frame.attributes.get("rowspan"), 1)
    if _table(writer) is None:
        parent.blocks.extend(blocks)
        return
    parent.row.append(Cell(text, blocks, columns, rows, frame.tag == "th"))


def _close_head(writer: Writer, frame: Frame, parent: Frame) -> None:
    table = _table(writer)
    if table is not None:
        table.has_head = True
    _close_block(writer, frame, parent)


def _close_caption(writer: Writer, frame: Frame, parent: Frame) -> None:
    del parent
    table = _table(writer)
    if table is not None:
        table.caption = " ".join(frame.finished())


def _table(writer: Writer) -> Table | None:
    return next((frame.table for frame in reversed(writer.frames) if frame.table is not None), None)


def _language(frame: Frame) -> str:
    nodes: list[Node | None] = [frame.node.css_first("code"), frame.node, frame.node.parent]
    for node in nodes:
        attributes = node.attributes if node is not None else {}
        said = attributes.get("data-lang") or attributes.get("data-language")
        found = _LANGUAGE.search(attributes.get("class") or "")
        name = (said or (found[1] if found else "")).lower()
        if name and name not in _NO_LANGUAGE and " " not in name and len(name) <= 30:  # noqa: PLR2004  longer than any name
            return name
    return ""


def _prefixed(text: str, first: str, rest: str) -> str:
    lines = text.split("\n")
    return "\n".join([first + lines[0], *((rest + line).rstrip() for line in lines[1:])])


def _is_list(block: str) -> bool:
    return block.startswith(("- ", "1. ")) or (block[:1].isdigit() and ". " in block[:6])


def _number(text: str | None, otherwise: int) -> int:
    digits = (text or "").strip()
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 7 else otherwise  # noqa: PLR2004


Close = Callable[[Writer, Frame, Frame], None]
_LINES_OF_CODE = frozenset({"div", "p", "tr", "li"})
_SINGLE: dict[str, Callable[[Writer, dict[str, str | None]], None]] = {
    "br": Writer.break_line,
    "hr": Writer.rule,
    "img": Writer.picture,
    "input": Writer.box,
}
_CLOSE: dict[str, Close] = {
    **dict.fromkeys(_HEADINGS, _close_heading),
    "blockquote": _close_quotation,
    "pre": _close_code,
    "li": _close_item,
    "ul": _close_list,
    "ol": _close_list,
    "menu": _close_list,
    "dir": _close_list,
    "dt": _close_term,
    "dd": _close_definition,
    "table": _close_table,
    "tr": _close_row,
    "td": _close_cell,
    "th": _close_cell,
    "thead": _close_head,
    "caption": _close_caption,
}
