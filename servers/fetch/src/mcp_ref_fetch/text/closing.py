"""What becomes of an element when it ends: one function a kind, and a table from tags to them."""

import re
from collections.abc import Callable

from mcp_ref_fetch.text import inline
from mcp_ref_fetch.text.frames import HEADINGS, LISTS, TEX, Frame, Options, Scene
from mcp_ref_fetch.text.tables import Cell, Table

Close = Callable[[Scene, Frame, Frame], None]

_LANGUAGE = re.compile(
    r'\bdata-lang(?:uage)?="([A-Za-z0-9+#_.-]{1,30})"'
    r'|[\s"](?:language-|lang-|highlight-source-|highlight-|brush:\s*|sourceCode )([A-Za-z0-9+#_.-]{1,30})(?=[\s";])'
)
_NO_LANGUAGE = frozenset(
    {"none", "text", "plain", "plaintext", "nohighlight", "source", "block", "default", "notranslate"}
)
_MARKS = {"strong": "**", "b": "**", "em": "*", "i": "*", "del": "~~", "s": "~~", "strike": "~~"}
_AT_START = frozenset("#>-+=~")
_CODE = frozenset({"code", "kbd", "samp", "tt"})
_OTHER: dict[str, Callable[[str], str]] = {"sup": inline.raised, "q": inline.quoted, TEX: str}
_HEADING_MARK = re.compile(r"^#{1,6} ")


def close(scene: Scene, frame: Frame, parent: Frame) -> None:
    """Put what an element holds into the one around it."""
    _CLOSE.get(frame.tag, _close_block)(scene, frame, parent)


def marked(tag: str, text: str, source: str, options: Options) -> str:
    """The text of an inline element between the marks that it stands for."""
    if tag == "a":
        return inline.link(text, source, options.base) if options.links else text
    if tag in _CODE:
        return inline.code_span(text)
    other = _OTHER.get(tag)
    return inline.wrapped(text, _MARKS[tag]) if other is None else other(text)


def as_inline(scene: Scene, frame: Frame, parent: Frame) -> None:
    """A link around blocks leads from the first of them."""
    blocks = frame.finished()
    if scene.options.plain or not blocks or not _may_be_linked(blocks[0]):
        parent.blocks.extend(blocks)
        return
    heading = _HEADING_MARK.match(blocks[0])
    before = heading[0] if heading else ""
    first = inline.link(blocks[0][len(before) :].replace("\n", " "), frame.source, scene.options.base)
    parent.blocks.extend([before + first, *blocks[1:]] if first else blocks[1:])


def _may_be_linked(block: str) -> bool:
    return "](" not in block and not block.startswith(("```", "|", "> ", "---")) and not _is_list(block)


def _close_block(scene: Scene, frame: Frame, parent: Frame) -> None:
    del scene
    parent.blocks.extend(frame.finished())


def _close_heading(scene: Scene, frame: Frame, parent: Frame) -> None:
    text = " ".join(frame.finished()).replace("\n", " ").strip()
    if text[:1] == "\\" and text[1:2] in _AT_START:
        text = text[1:]  # within a heading it would begin nothing
    if text:
        parent.blocks.append(text if scene.options.plain else f"{'#' * HEADINGS[frame.tag]} {text}")


def _close_quotation(scene: Scene, frame: Frame, parent: Frame) -> None:
    text = "\n\n".join(frame.finished())
    if text:
        parent.blocks.append(text if scene.options.plain else _prefixed(text, "> ", "> "))


def _close_code(scene: Scene, frame: Frame, parent: Frame) -> None:
    text = "".join(frame.parts)
    if text.strip():
        parent.blocks.append(text.strip("\n") if scene.options.plain else inline.code_block(text, _language(frame)))


def _close_item(scene: Scene, frame: Frame, parent: Frame) -> None:
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
    del scene
    parent.blocks.append(_prefixed(text, mark, " " * len(mark)))


def _close_list(scene: Scene, frame: Frame, parent: Frame) -> None:
    del scene
    blocks = frame.finished()
    if not blocks:
        return
    text = ("\n\n" if any("\n\n" in block for block in blocks) else "\n").join(blocks)
    if parent.tag in LISTS and parent.blocks:  # a list beside items belongs to the one before it
        parent.blocks[-1] += "\n" + _prefixed(text, "  ", "  ")
    else:
        parent.blocks.append(text)


def _close_term(scene: Scene, frame: Frame, parent: Frame) -> None:
    text = " ".join(frame.finished())
    if text:
        parent.blocks.append(text if scene.options.plain or text.startswith("**") else f"**{text}**")


def _close_definition(scene: Scene, frame: Frame, parent: Frame) -> None:
    del scene
    text = "\n\n".join(frame.finished())
    if text:
        definition = _prefixed(text, ": ", "  ")
        if parent.blocks:
            parent.blocks[-1] += f"\n{definition}"
        else:
            parent.blocks.append(definition)


def _close_table(scene: Scene, frame: Frame, parent: Frame) -> None:
    table = frame.table or Table()
    around = [each for each in scene.frames if each.tag == "table"]
    if around and around[-1].table is not None:
        around[-1].table.for_layout = True  # a table with tables in it arranges them
    if scene.options.plain:
        lines = ["\t".join(cell.text for cell in row) for row in table.rows if row]
        parent.blocks.extend(frame.finished() + (["\n".join(lines)] if lines else []))
        return
    parent.blocks.extend(frame.finished() + table.blocks())


def _close_row(scene: Scene, frame: Frame, parent: Frame) -> None:
    table = _table(scene)
    if table is not None and frame.row:
        table.rows.append(frame.row)
    elif table is None:  # a row was chosen without its table
        parent.blocks.extend(frame.finished())


def _close_cell(scene: Scene, frame: Frame, parent: Frame) -> None:
    blocks = frame.finished()
    text = " ".join(_on_one_line(block) for block in blocks).replace("|", "\\|")
    columns = _number(frame.attributes.get("colspan"), 1)
    rows = _number(frame.attributes.get("rowspan"), 1)
    if _table(scene) is None:
        parent.blocks.extend(blocks)
        return
    parent.row.append(Cell(text, blocks, columns, rows, frame.tag == "th"))


def _on_one_line(block: str) -> str:
    if block.startswith("```"):
        return inline.code_span(block.split("\n", 1)[1].rsplit("\n", 1)[0])
    return block.replace("\n", " ")


def _close_head(scene: Scene, frame: Frame, parent: Frame) -> None:
    table = _table(scene)
    if table is not None:
        table.has_head = True
    _close_block(scene, frame, parent)


def _close_caption(scene: Scene, frame: Frame, parent: Frame) -> None:
    del parent
    table = _table(scene)
    if table is not None:
        table.caption = " ".join(frame.finished())


def _table(scene: Scene) -> Table | None:
    return next((frame.table for frame in reversed(scene.frames) if frame.table is not None), None)


def _language(frame: Frame) -> str:
    for found in _LANGUAGE.finditer(frame.source + frame.around):
        name = (found[1] or found[2]).lower()
        if name not in _NO_LANGUAGE:
            return name
    return ""


def _prefixed(text: str, first: str, rest: str) -> str:
    lines = text.split("\n")
    return "\n".join([first + lines[0], *((rest + line).rstrip() for line in lines[1:])])


def _is_list(block: str) -> bool:
    return block.startswith(("- ", "1. ")) or (block[:1].isdigit() and ". " in block[:6])


def _number(text: str | None, otherwise: int) -> int:
    digits = (text or "").strip()
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 7 else otherwise  # noqa: PLR2004  more digits than make sense


_CLOSE: dict[str, Close] = {
    **dict.fromkeys(HEADINGS, _close_heading),
    "blockquote": _close_quotation,
    "pre": _close_code,
    "li": _close_item,
    **dict.fromkeys(LISTS, _close_list),
    "dt": _close_term,
    "dd": _close_definition,
    "table": _close_table,
    "tr": _close_row,
    "td": _close_cell,
    "th": _close_cell,
    "thead": _close_head,
    "caption": _close_caption,
}
