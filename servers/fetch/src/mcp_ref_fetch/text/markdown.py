"""Markdown from the tree of a page: one walk without recursion, from the first word to the last."""

import time
from collections.abc import Callable, Iterator

from mcp_ref_fetch.text import inline
from mcp_ref_fetch.text.closing import close
from mcp_ref_fetch.text.content import Content, Node
from mcp_ref_fetch.text.frames import HEADINGS, INLINE, Frame, Options, Scene
from mcp_ref_fetch.text.hidden import NEVER, is_hidden
from mcp_ref_fetch.text.tables import Table

_CLOCK_EVERY = 2048
_LINES_OF_CODE = frozenset({"div", "p", "tr", "li"})


class Writer:
    """Writes the chosen parts of a page as Markdown."""

    def __init__(
        self, content: Content, options: Options, deadline: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._content = content
        self._deadline = deadline
        self._clock = clock
        self._scene = Scene(options)
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
        self._scene.frames = [outer]
        for count, (node, entering) in enumerate(_walk(root, self._enter)):
            if not entering:
                self._leave(node)
            if count % _CLOCK_EVERY == 0 and self._clock() > self._deadline:
                self.truncated = True
                break
        while len(self._scene.frames) > 1:
            self._close(self._scene.frames.pop())
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
        if tag == "button" and not any(frame.tag in HEADINGS for frame in self._scene.frames):
            return False
        self._open(tag, node, attributes)
        return True

    def _open(self, tag: str, node: Node, attributes: dict[str, str | None]) -> None:
        top = self._scene.frames[-1]
        if tag not in INLINE and not self._in_pre:
            top.flush()
        frame = Frame(tag, node, attributes)
        if tag == "pre":
            self._in_pre += 1
            frame.preformatted = True
        elif tag == "table":
            frame.table = Table(for_layout=(attributes.get("role") or "") in {"presentation", "none"})
        self._scene.frames.append(frame)

    def _leave(self, node: Node) -> None:
        if len(self._scene.frames) > 1 and self._scene.frames[-1].node.mem_id == node.mem_id:
            self._close(self._scene.frames.pop())

    def _close(self, frame: Frame) -> None:
        parent = self._scene.frames[-1]
        if frame.tag == "pre":
            self._in_pre -= 1
        if self._in_pre:
            parent.parts.extend(frame.parts if not frame.blocks else ["\n".join(frame.finished())])
            if frame.tag in _LINES_OF_CODE and not "".join(parent.parts[-1:]).endswith("\n"):
                parent.parts.append("\n")
            return
        close(self._scene, frame, parent)

    def _text(self, text: str) -> None:
        if self._in_pre:
            self._scene.frames[-1].parts.append(text)
            return
        text = inline.collapsed(text)
        if text != " " or self._scene.frames[-1].parts or self._scene.frames[-1].tag in INLINE:
            self._scene.frames[-1].parts.append(text)

    # What elements without content become.

    def break_line(self, attributes: dict[str, str | None]) -> None:
        """`br`."""
        del attributes
        self._scene.frames[-1].parts.append("\n")

    def rule(self, attributes: dict[str, str | None]) -> None:
        """`hr`."""
        del attributes
        top = self._scene.frames[-1]
        top.flush()
        if not self._scene.options.plain:
            top.blocks.append("---")

    def picture(self, attributes: dict[str, str | None]) -> None:
        """`img`: only where pictures are wanted, and then with their text."""
        alt = inline.collapsed(attributes.get("alt") or "").strip()
        url = inline.absolute(attributes.get("src") or attributes.get("data-src") or "", self._scene.options.base)
        if self._scene.options.images and url is not None:
            self._scene.frames[-1].parts.append(f"![{alt}]({url})" if not self._scene.options.plain else alt)

    def box(self, attributes: dict[str, str | None]) -> None:
        """`input`: a box of a list of tasks; of other fields nothing is text."""
        if (attributes.get("type") or "").lower() == "checkbox":
            self._scene.frames[-1].parts.append("[x] " if "checked" in attributes else "[ ] ")


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


_SINGLE: dict[str, Callable[[Writer, dict[str, str | None]], None]] = {
    "br": Writer.break_line,
    "hr": Writer.rule,
    "img": Writer.picture,
    "input": Writer.box,
}
