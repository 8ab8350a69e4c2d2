"""HTML before it is parsed: what no reader sees is left out, and what would cost a parser too much is refused.

The tree is built by lexbor, whose time grows with the square of the depth, of the attributes of a tag and of the
options of a list, and whose memory grows with open formatting times blocks: 14 kB can become 300 MB. Here each tag is
read by the grammar of the HTML standard (13.2.5), and written on only as long as a cautious count of what is open stays
small.
"""

import re
import time
from collections.abc import Callable

from msgspec import Struct

from mcp_ref_fetch.text.frames import TEX

MOST_TAGS = 200_000
MOST_DEPTH = 1000
MOST_FORMATTING = 32
MOST_CLONES = 100_000
MOST_ATTRIBUTES = 64
_LONG_TAG = 300
_CLOCK_EVERY = 4096
_MOST_DATA = 20
_MOST_DATA_CHARACTERS = 256 * 1024

# A tag with its slash and name, and its attributes; or what only looks like one.
_TAG = re.compile(
    r"<(?:(/?[A-Za-z][^\t\n\f\r />]*+)"
    r"((?:[\t\n\f\r /]++|[^\t\n\f\r />][^\t\n\f\r />=]*+"
    r"(?:[\t\n\f\r ]*+=[\t\n\f\r ]*+(?:\"[^\"]*+\"|'[^']*+'|[^\t\n\f\r >\"'][^\t\n\f\r >]*+)?)?)*+)>"
    r"|(!--)|[!?][^>]*>?|/[^A-Za-z>][^>]*>?|(?=[A-Za-z/])(?:/[^>]|[A-Za-z])[\s\S]*+())"
)
_ATTRIBUTE = re.compile(
    r"[^\t\n\f\r />][^\t\n\f\r />=]*+"
    r"(?:[\t\n\f\r ]*+=[\t\n\f\r ]*+(?:\"[^\"]*+\"|'[^']*+'|[^\t\n\f\r >\"'][^\t\n\f\r >]*+)?)?"
)
_COMMENT_END = re.compile(r"--!?>")
_ABRUPT_COMMENT = re.compile(r"-?>")
_MARKUP = re.compile(r"<[^>]*+>?")
_LD_JSON = re.compile(r"application/ld\+json", re.IGNORECASE)
_MATH_TEX = re.compile(r"\bmath/(?:tex|latex)\b", re.IGNORECASE)
_TEX = re.compile(r"<annotation[^>]*x-tex[^>]*>([^<]{1,2000})</annotation>", re.IGNORECASE)
_ENDS = {
    "script": re.compile(r"</script(?=[\s/>])[^>]*>?", re.IGNORECASE),
    "style": re.compile(r"</style(?=[\s/>])[^>]*>?", re.IGNORECASE),
    "template": re.compile(r"</template(?=[\s/>])[^>]*>?", re.IGNORECASE),
    "noscript": re.compile(r"</noscript(?=[\s/>])[^>]*>?", re.IGNORECASE),
    "iframe": re.compile(r"</iframe(?=[\s/>])[^>]*>?", re.IGNORECASE),
    "noembed": re.compile(r"</noembed(?=[\s/>])[^>]*>?", re.IGNORECASE),
    "noframes": re.compile(r"</noframes(?=[\s/>])[^>]*>?", re.IGNORECASE),
    "textarea": re.compile(r"</textarea(?=[\s/>])[^>]*>?", re.IGNORECASE),
    "select": re.compile(r"</select(?=[\s/>])[^>]*>?", re.IGNORECASE),
    "datalist": re.compile(r"</datalist(?=[\s/>])[^>]*>?", re.IGNORECASE),
    "svg": re.compile(r"</svg(?=[\s/>])[^>]*>?", re.IGNORECASE),
    "math": re.compile(r"</math(?=[\s/>])[^>]*>?", re.IGNORECASE),
    "audio": re.compile(r"</audio(?=[\s/>])[^>]*>?", re.IGNORECASE),
    "video": re.compile(r"</video(?=[\s/>])[^>]*>?", re.IGNORECASE),
    "canvas": re.compile(r"</canvas(?=[\s/>])[^>]*>?", re.IGNORECASE),
    "title": re.compile(r"</title(?=[\s/>])[^>]*>?", re.IGNORECASE),
    "xmp": re.compile(r"</xmp(?=[\s/>])[^>]*>?", re.IGNORECASE),
}
_SHOWN_RAW = frozenset({"title", "xmp"})
_HIDES_ALL = frozenset({"script", "style", "textarea"})

_VOID = frozenset(["area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "track", "wbr"])
_DROPPED = frozenset(
    {
        "plaintext", "frameset", "frame", "object", "embed", "applet", "param", "portal", "font", "big", "small",
        "u", "nobr", "center", "tt", "blink", "marquee", "option", "optgroup", "keygen", "isindex", "image",
    }
)  # fmt: skip
# Of these one ends the one before, or stands in a row of a table: they nest no deeper than what is counted.
_LIGHT = frozenset({"html", "head", "body", "p", "tr", "tbody", "thead", "tfoot", "colgroup"})
# An item ends the one of its kind before it.
_ENDS_BEFORE = {
    "li": frozenset({"li"}),
    **dict.fromkeys(("dd", "dt"), frozenset({"dd", "dt"})),
    **dict.fromkeys(("td", "th", "tr"), frozenset({"td", "th"})),
}
_FORMATTING = frozenset(["a", "b", "code", "em", "i", "s", "strike", "strong"])
# Tags that change nothing of what is counted, as long as no formatting is open.
_UNCOUNTED = _VOID | {f"/{name}" for name in _LIGHT} | _LIGHT - {"tr"}
_ENDS_FORMATTING = frozenset(f"/{name}" for name in _FORMATTING)
# What a closing tag does not reach through.
_SCOPES = frozenset(["table", "td", "th", "caption", "html"])
_LISTS = frozenset({"ul", "ol"})
_SPECIAL = frozenset(
    {
        "address", "article", "aside", "blockquote", "button", "dd", "details", "dir", "div", "dl", "dt",
        "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header",
        "hgroup", "hr", "li", "listing", "main", "menu", "nav", "ol", "p", "pre", "search", "section", "summary",
        "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
    }
)  # fmt: skip


class Simplified(Struct, frozen=True):
    """HTML that is safe to parse; `truncated` says that something was left out that a reader would see."""

    html: str
    truncated: bool
    data: tuple[str, ...]
    """The texts of JSON-LD scripts."""


def simplified(html: str, deadline: float, clock: Callable[[], float] = time.monotonic) -> Simplified:
    """Rewrite a page for the parser; linear in its length."""
    return _Rewriter(html, deadline, clock).run()


class _Rewriter:
    def __init__(self, html: str, deadline: float, clock: Callable[[], float]) -> None:
        self._html = html
        self._deadline = deadline
        self._clock = clock
        self._out: list[str] = []
        self._data: list[str] = []
        self._unclosed: set[str] = set()
        self._open = _Open()
        self._kept = 0
        """From where on nothing was written yet."""

    def run(self) -> Simplified:
        position, tags, truncated = 0, 0, False
        while position < len(self._html):
            position, read = self._scan(position, min(_CLOCK_EVERY, MOST_TAGS - tags))
            tags += read
            if tags >= MOST_TAGS or self._clock() > self._deadline:
                truncated = position < len(self._html)
                self._leave_out(position, len(self._html))
                break
        self._out.append(self._html[self._kept :])
        return Simplified("".join(self._out), truncated or self._open.refused, tuple(self._data))

    def _scan(self, position: int, most: int) -> tuple[int, int]:
        """Read on, for some tags or until something is left out; where to go on, and how many tags that was."""
        opened = self._open
        read = 0
        for found in _TAG.finditer(self._html, position):
            name, rest = found.group(1, 2)
            read += 1
            is_plain = name and len(rest) < _LONG_TAG and "<" not in rest
            if not (is_plain and ((name in _UNCOUNTED and not opened.formatting) or opened.count(name))):
                after = self._after(found, name, rest)
                if after != found.end():
                    return after, read
            if read >= most:
                return found.end(), read
        return len(self._html), read

    def _after(self, found: re.Match[str], name: str | None, rest: str) -> int:
        """Count one tag, or leave it out; where to go on."""
        if name is None:
            return self._no_tag(found)
        name = name.lower()
        if name[0] == "/":
            self._end(found, name[1:])
        elif name in _ENDS:
            return self._skipped(found, name)
        elif name in _DROPPED or "<" in name:
            self._leave_out(found.start(), found.end())
        else:
            self._begin(found, name, rest)
        return found.end()

    def _no_tag(self, found: re.Match[str]) -> int:
        # A tag without end takes all that follows with it, as in browsers.
        end = self._end_of_comment(found.end()) if found.group(3) else found.end()
        self._leave_out(found.start(), end)
        return end

    def _leave_out(self, start: int, end: int, instead: str = "") -> None:
        self._out.append(self._html[self._kept : start])
        if instead:
            self._out.append(instead)
        self._kept = end

    def _end(self, found: re.Match[str], name: str) -> None:
        if name in _ENDS or name in _VOID or name in _DROPPED or "<" in name:
            self._leave_out(found.start(), found.end())
            return
        self._open.close(name)
        if found.group(2):
            self._leave_out(found.start(), found.end(), f"</{name}>")

    def _begin(self, found: re.Match[str], name: str, rest: str) -> None:
        ended = "".join(f"</{each}>" for each in self._open.too_much())
        if name not in _VOID and not self._open.open(name):
            self._leave_out(found.start(), found.end(), ended)
        elif len(rest) >= _LONG_TAG or "<" in rest:
            attributes = " ".join(each for each in _ATTRIBUTE.findall(rest)[:MOST_ATTRIBUTES] if _is_plain(each))
            self._leave_out(found.start(), found.end(), f"{ended}<{name} {attributes}>")
        elif ended:
            self._leave_out(found.start(), found.start(), ended)

    def _skipped(self, found: re.Match[str], name: str) -> int:
        """Leave out an element that is not shown; only its tag if it has no end."""
        start = found.end()
        end = None if name in self._unclosed else _ENDS[name].search(self._html, start)
        if end is None:
            # A script without end hides all that follows, as in browsers; of the rest the content is worth keeping.
            after = len(self._html) if name in _HIDES_ALL and name not in self._unclosed else start
            self._unclosed.add(name)
            self._leave_out(found.start(), after)
            return after
        inside = self._html[start : end.start()]
        self._leave_out(found.start(), end.end(), self._instead(name, found.group(2), inside))
        return end.end()

    def _instead(self, name: str, rest: str, inside: str) -> str:
        """What is written in the place of an element that is not shown."""
        if name == "script":
            if _LD_JSON.search(rest):
                self._keep_data(inside)
            return _written(inside) if _MATH_TEX.search(rest) else ""
        if name == "math":
            return _formula(inside)
        if name in _SHOWN_RAW:
            tag = "pre" if name == "xmp" else name
            return f"<{tag}>{inside.replace('<', '&lt;')}</{tag}>"
        return ""

    def _keep_data(self, text: str) -> None:
        if len(self._data) < _MOST_DATA and len(text) <= _MOST_DATA_CHARACTERS:
            self._data.append(text)

    def _end_of_comment(self, start: int) -> int:
        abrupt = _ABRUPT_COMMENT.match(self._html, start)
        if abrupt is not None:
            return abrupt.end()
        end = _COMMENT_END.search(self._html, start)
        return len(self._html) if end is None else end.end()


class _Open:
    """The elements that may be open, never fewer than really are.

    A closing tag takes away only the entry that it names, and only where nothing in between would make a parser ignore
    it; what a parser closes besides stays counted. So the depth is overestimated on careless pages, and never under.
    """

    def __init__(self) -> None:
        self.refused = False
        self.stack: list[str] = []
        self.formatting = 0
        self._clones = 0
        self._plain = False

    def count(self, name: str) -> bool:
        """Count a tag if it is of the many that need no second look: formatting, or the end of what was begun last."""
        stack = self.stack
        if name in _FORMATTING:
            if self.formatting or self._plain or len(stack) >= MOST_DEPTH:
                return False
            self.formatting = 1
            stack.append(name)
            return True
        if not stack or name[0] != "/" or name[1:] != stack[-1] or (self.formatting and name not in _ENDS_FORMATTING):
            return False
        stack.pop()
        self.formatting -= name in _ENDS_FORMATTING
        return True

    def open(self, name: str) -> bool:
        """Count an element; False if it is to be left out."""
        if name in _SPECIAL:
            self._clones += self.formatting
        if name in _FORMATTING:
            if self._plain or self.formatting >= MOST_FORMATTING:
                return False
            self.formatting += 1
        if self.stack and self.stack[-1] in _ENDS_BEFORE.get(name, ()):
            self.stack.pop()  # with or without a closing tag
        if name in _LIGHT:
            return True
        if len(self.stack) >= MOST_DEPTH:
            self.refused = True
            return False
        self.stack.append(name)
        return True

    def close(self, name: str) -> None:
        """Take the entry of a closing tag away, if a parser is sure to do so."""
        if name in _SPECIAL:
            self._clones += self.formatting
        stack = self.stack
        for at in range(len(stack) - 1, -1, -1):
            if stack[at] == name:
                self.formatting -= stack.pop(at) in _FORMATTING
                return
            if self._stops(stack[at], name):
                return

    @staticmethod
    def _stops(inner: str, name: str) -> bool:
        """Whether an open element keeps a closing tag from what is around it."""
        if inner in _SCOPES:
            return name not in _SCOPES
        if name == "li":
            return inner in _LISTS
        return inner in _SPECIAL and name not in _SPECIAL and name not in _FORMATTING

    def too_much(self) -> list[str]:
        """The formatting to end, once, when blocks have been repeated inside of it too often."""
        if self._clones <= MOST_CLONES or self._plain:
            return []
        self._plain = True
        ended = [name for name in reversed(self.stack) if name in _FORMATTING]
        self.stack[:] = [name for name in self.stack if name not in _FORMATTING]
        self.formatting = 0
        return ended


def _is_plain(attribute: str) -> bool:
    """Whether an attribute can be written on: `<` in its name would look like a tag in what the parser writes."""
    return "<" not in attribute.partition("=")[0]


def _formula(math: str) -> str:
    """A formula as the TeX that it was made from, where it carries it."""
    tex = _TEX.search(math)
    return _written(tex[1]) if tex else _MARKUP.sub(" ", math)


def _written(tex: str) -> str:
    return f" <{TEX}>${tex.strip().replace('<', '&lt;')}$</{TEX}> "
