"""Markdown from the parser's own writing of a page: one pass over its tags, from the first word to the last.

What lexbor writes is well nested, and has `<` and `>` nowhere but around tags: so it can be cut at them.
"""

import time
from collections.abc import Callable

from mcp_ref_fetch.text import inline
from mcp_ref_fetch.text.closing import as_inline, close, marked
from mcp_ref_fetch.text.frames import (
    FRAMED,
    HEADINGS,
    INLINE,
    MARKED,
    NEVER,
    VERBATIM,
    VOID,
    Frame,
    Options,
    Scene,
    attributes,
)
from mcp_ref_fetch.text.tables import Table

_BATCH = 2048
_LINES_OF_CODE = frozenset({"div", "p", "tr", "li"})
# What may have to be escaped, if a page has it at all.
_MARKS = ("*", "_", "`", "[", "\\", "&lt;", "&amp;")


# What is open: a frame, an inline element with its attributes and the place where its text begins, a block without
# meaning of its own (True if each is a line of code), or an element of which nothing is shown.
_Mark = tuple[str, str, int]
_Opened = Frame | _Mark | bool | None


class Writer:
    """Writes parts of a page, given as the parser writes them, as Markdown."""

    def __init__(self, options: Options, deadline: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._options = options
        self._deadline = deadline
        self._clock = clock
        self._scene = Scene(options)
        self._begin("")
        self.truncated = False

    def write(self, sources: list[str]) -> str:
        """All of them; `truncated` says whether the time was too short."""
        blocks: list[str] = []
        for source in sources:
            self._begin(source)
            self._read(source.split("<"))
            blocks += self._finished()
        return "\n\n".join(blocks)

    def _begin(self, source: str) -> None:
        self._top = Frame("div", is_plain=self._options.plain)
        self._scene.frames = [self._top]
        self._opened: list[_Opened] = []
        self._marks = 0
        self._skipped = 0
        self._code = 0
        self._pre = 0
        self._around = ("", "")
        self._special = () if self._options.plain else tuple(mark for mark in _MARKS if mark in source)

    def _read(self, pieces: list[str]) -> None:
        for start in range(0, len(pieces), _BATCH):
            if self._clock() > self._deadline:
                self.truncated = True
                return
            for piece in pieces[start : start + _BATCH]:
                head, _, text = piece.partition(">")
                if self._skipped:
                    self._skip(head)
                elif head[:1] == "/":
                    self._leave()
                else:
                    tag, _, source = head.partition(" ")
                    _ENTER.get(tag, Writer.enter_block)(self, tag, source)
                if text:
                    self._text(text)

    def _finished(self) -> list[str]:
        while self._opened:
            self._leave()
        return self._top.finished()

    def _skip(self, head: str) -> None:
        if head[:1] == "/":
            self._skipped -= 1
        elif head.partition(" ")[0] not in VOID:
            self._skipped += 1

    # What becomes of an element when it begins.

    def enter_plain(self, tag: str, source: str) -> None:
        """An inline element of which only the text is of interest."""
        del tag, source
        self._opened.append(None)

    def enter_mark(self, tag: str, source: str) -> None:
        """An inline element that becomes a mark."""
        if self._pre:
            self._top.around += f" {source}"
            self._opened.append(None)
            return
        self._marks += 1
        if tag in VERBATIM:
            self._code += 1
        self._opened.append((tag, source, len(self._top.parts)))

    def enter_button(self, tag: str, source: str) -> None:
        """A button, which is text only in a heading that it unfolds."""
        if any(frame.tag in HEADINGS for frame in self._scene.frames):
            self.enter_plain(tag, source)
        else:
            self._skipped = 1

    def enter_void(self, tag: str, source: str) -> None:
        """An element without content and without meaning for the text."""

    def enter_never(self, tag: str, source: str) -> None:
        """An element of which nothing is text."""
        del tag, source
        self._skipped = 1

    def enter_block(self, tag: str, source: str) -> None:
        """Any other element."""
        if self._pre:
            self._opened.append(tag in _LINES_OF_CODE)
            return
        if not tag:
            return  # what stands before the first tag
        if self._marks:
            self._break_marks()
        if self._top.parts:
            self._top.flush()
        if tag not in FRAMED:
            self._opened.append(False)
        else:
            self._push(Frame(tag, source, " ".join(self._around), is_plain=self._options.plain))
            if tag == "pre":
                self._pre = 1
            elif tag == "table":
                self._top.table = Table(for_layout=attributes(source).get("role") in {"presentation", "none"})
        self._around = (self._around[1], source)

    def _push(self, frame: Frame) -> None:
        self._opened.append(frame)
        self._scene.frames.append(frame)
        self._top = frame

    def _break_marks(self) -> None:
        """Blocks begin inside of inline elements: a link around them is a frame from here on, other marks are lost."""
        opened = self._opened
        for at in range(len(opened) - 1, -1, -1):
            entry = opened[at]
            if isinstance(entry, Frame):
                break
            if isinstance(entry, tuple):
                self._marks -= 1
                self._code -= entry[0] in VERBATIM
                opened[at] = None
                if entry[0] == "a" and self._options.links:
                    self._promote(entry, at)

    def _promote(self, mark: _Mark, at: int) -> None:
        tag, source, start = mark
        frame = Frame(tag, source, is_plain=self._options.plain)
        frame.parts = self._top.parts[start:]
        del self._top.parts[start:]
        self._opened[at] = frame
        self._scene.frames.append(frame)
        self._top = frame

    def _leave(self) -> None:
        entry = self._opened.pop() if self._opened else None
        if entry is None:
            return
        if isinstance(entry, tuple):
            self._leave_mark(*entry)
        elif isinstance(entry, Frame):
            self._leave_frame()
        elif self._pre:
            self._end_line_of_code(is_line=entry)
        elif self._top.parts:
            self._top.flush()

    def _leave_mark(self, tag: str, source: str, start: int) -> None:
        self._marks -= 1
        if tag in VERBATIM:
            self._code -= 1
        parts = self._top.parts
        text = parts[start] if len(parts) == start + 1 else "".join(parts[start:])
        if not self._options.plain:
            text = marked(tag, text, source, self._options)
        parts[start:] = [text]

    def _leave_frame(self) -> None:
        frame = self._scene.frames.pop()
        self._top = self._scene.frames[-1]
        if frame.tag == "pre":
            self._pre = 0
        if frame.tag == "a":
            as_inline(self._scene, frame, self._top)
        else:
            close(self._scene, frame, self._top)

    def _end_line_of_code(self, *, is_line: bool) -> None:
        parts = self._top.parts
        if is_line and not (parts and parts[-1].endswith("\n")):
            parts.append("\n")

    def _text(self, text: str) -> None:
        if self._skipped:
            return
        is_code = self._code or self._pre
        if self._special and not is_code:
            text = inline.escaped(text, self._special)
        if "&" in text:
            text = inline.unescaped(text)
        if ("\n" in text or "  " in text or "\t" in text or "\f" in text) and not self._pre:
            text = inline.collapsed(text)
        parts = self._top.parts
        if parts or text != " " or is_code:
            parts.append(text)

    def break_line(self, tag: str, source: str) -> None:
        """`br`."""
        del tag, source
        self._top.parts.append("\n")

    def rule(self, tag: str, source: str) -> None:
        """`hr`."""
        del tag, source
        if self._marks:
            self._break_marks()
        self._top.flush()
        if not self._options.plain:
            self._top.blocks.append("---")

    def picture(self, tag: str, source: str) -> None:
        """`img`: only where pictures are wanted, and then with their text; pictures of formulas as those."""
        del tag
        said = attributes(source)
        alt = inline.collapsed(said.get("alt") or "").strip()
        if inline.is_formula(alt):
            self._top.parts.append(f" ${alt}$ ")
        elif self._options.images:
            url = inline.absolute(said.get("src") or said.get("data-src") or "", self._options.base)
            if url is not None:
                self._top.parts.append(f"![{alt}]({url})" if not self._options.plain else alt)

    def box(self, tag: str, source: str) -> None:
        """`input`: a box of a list of tasks; of other fields nothing is text."""
        del tag
        said = attributes(source)
        if said.get("type", "").lower() == "checkbox":
            self._top.parts.append("[x] " if "checked" in said else "[ ] ")


_ENTER: dict[str, Callable[[Writer, str, str], None]] = {
    **dict.fromkeys(INLINE, Writer.enter_plain),
    **dict.fromkeys(MARKED, Writer.enter_mark),
    **dict.fromkeys(VOID, Writer.enter_void),
    **dict.fromkeys(NEVER, Writer.enter_never),
    "button": Writer.enter_button,
    "br": Writer.break_line,
    "hr": Writer.rule,
    "img": Writer.picture,
    "input": Writer.box,
}
