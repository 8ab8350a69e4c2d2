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

MOST_TAGS = 200_000
MOST_DEPTH = 1000
MOST_FORMATTING = 32
MOST_CLONES = 100_000
MOST_ATTRIBUTES = 64
_LONG_TAG = 300
_CLOCK_EVERY = 4096
_MOST_DATA = 20
_MOST_DATA_CHARACTERS = 256 * 1024

_START = re.compile(r"<(?:[A-Za-z!?]|/[^>])")
_TAG = re.compile(
    r"<(?:(?P<comment>!--)|(?P<bogus>[!?][^>]*>?|/[^A-Za-z>][^>]*>?)"
    r"|(?P<slash>/?)(?P<name>[A-Za-z][^\t\n\f\r />]*+)"
    r"(?P<rest>(?:[\t\n\f\r /]++|[^\t\n\f\r />][^\t\n\f\r />=]*+"
    r"(?:[\t\n\f\r ]*+=[\t\n\f\r ]*+(?:\"[^\"]*+\"|'[^']*+'|[^\t\n\f\r >\"'][^\t\n\f\r >]*+)?)?)*+)>)"
)
_ATTRIBUTE = re.compile(
    r"[^\t\n\f\r />][^\t\n\f\r />=]*+"
    r"(?:[\t\n\f\r ]*+=[\t\n\f\r ]*+(?:\"[^\"]*+\"|'[^']*+'|[^\t\n\f\r >\"'][^\t\n\f\r >]*+)?)?"
)
_COMMENT_END = re.compile(r"--!?>")
_ABRUPT_COMMENT = re.compile(r"-?>")
_LD_JSON = re.compile(r"application/ld\+json", re.IGNORECASE)
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

_VOID = frozenset(["area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "track", "wbr"])
_DROPPED = frozenset(
    {
        "plaintext", "frameset", "frame", "object", "embed", "applet", "param", "portal", "font", "big", "small",
        "u", "nobr", "center", "tt", "blink", "marquee", "option", "optgroup", "keygen", "isindex", "image",
    }
)  # fmt: skip
# Of these one ends the one before: they cannot nest by themselves.
_OPTIONAL_END = frozenset(
    {
        "html", "head", "body", "p", "li", "dd", "dt", "td", "th", "tr", "tbody", "thead", "tfoot", "caption",
        "colgroup", "rp", "rt", "rb", "rtc",
    }
)  # fmt: skip
_FORMATTING = frozenset(["a", "b", "code", "em", "i", "s", "strike", "strong"])
_SCOPES = frozenset(["table", "td", "th", "caption", "html"])
_CELLS = frozenset({"td", "th"})
_ENDS_CELL = _CELLS | {"tr"}
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

    def run(self) -> Simplified:
        html, out = self._html, self._out
        position, tags, truncated = 0, 0, False
        while (start := _START.search(html, position)) is not None:
            out.append(html[position : start.start()])
            tags += 1
            found = _TAG.match(html, start.start())
            if tags > MOST_TAGS or (tags % _CLOCK_EVERY == 0 and self._clock() > self._deadline):
                truncated, found = True, None
            if found is None:  # a tag without end takes all that follows with it, as in browsers
                position = len(html)
                break
            position = self._after(found)
        out.append(html[position:])
        return Simplified("".join(out), truncated or self._open.refused, tuple(self._data))

    def _after(self, found: re.Match[str]) -> int:
        """Write on what is wanted of one tag; where to go on."""
        if found["comment"]:
            return self._end_of_comment(found.end())
        if found["bogus"]:
            return found.end()
        name = found["name"].lower()
        if found["slash"]:
            if name not in _ENDS and name not in _VOID and name not in _DROPPED and self._open.close(name):
                self._out.append(f"</{name}>")
            return found.end()
        if name in _ENDS:
            return self._skipped(found, name)
        if name not in _DROPPED:
            self._begin(found, name)
        return found.end()

    def _begin(self, found: re.Match[str], name: str) -> None:
        for ended in self._open.too_much():
            self._out.append(f"</{ended}>")
        if name in _VOID or self._open.open(name):
            rest = found["rest"]
            if len(rest) > _LONG_TAG:
                rest = " " + " ".join(_ATTRIBUTE.findall(rest)[:MOST_ATTRIBUTES])
            self._out.append(f"<{name}{rest}>")

    def _skipped(self, found: re.Match[str], name: str) -> int:
        """The place after an element that is not shown; only its tag goes if it has no end."""
        start = found.end()
        if name in self._unclosed:
            return start
        end = _ENDS[name].search(self._html, start)
        if end is None:
            self._unclosed.add(name)
            # A script without end hides all that follows, as in browsers; of the rest the content is worth keeping.
            return len(self._html) if name in {"script", "style", "textarea"} else start
        inside = self._html[start : end.start()]
        if name == "script" and _LD_JSON.search(found["rest"]):
            self._keep_data(inside)
        elif name == "math":
            self._out.append(_formula(inside))
        elif name in _SHOWN_RAW:
            tag = "pre" if name == "xmp" else name
            self._out.append(f"<{tag}>{inside.replace('<', '&lt;')}</{tag}>")
        return end.end()

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
        self._stack: list[str] = []
        self._formatting = 0
        self._clones = 0
        self._plain = False

    def open(self, name: str) -> bool:
        """Count an element; False if it is to be left out."""
        if name in _SPECIAL:
            self._clones += self._formatting
        if name in _OPTIONAL_END and name not in _SCOPES and name != "tr":
            return True
        if name in _FORMATTING:
            if self._plain or self._formatting >= MOST_FORMATTING:
                return False
            self._formatting += 1
        if name in _ENDS_CELL and self._stack and self._stack[-1] in _CELLS:
            self._stack.pop()  # a cell ends the one before, with or without a closing tag
        if name == "tr":
            return True
        if len(self._stack) >= MOST_DEPTH:
            self.refused = True
            return False
        self._stack.append(name)
        return True

    def close(self, name: str) -> bool:
        """Take the entry of a closing tag away, if a parser is sure to do so; whether to write the tag on."""
        if name in _SPECIAL:
            self._clones += self._formatting
        stack = self._stack
        for at in range(len(stack) - 1, -1, -1):
            if stack[at] == name:
                del stack[at]
                self._formatting -= name in _FORMATTING
                return True
            if stack[at] in _SCOPES and name not in _SCOPES:
                break
            if name not in _SPECIAL and name not in _FORMATTING and stack[at] in _SPECIAL:
                break
        return True

    def too_much(self) -> list[str]:
        """The formatting to end, once, when blocks have been repeated inside of it too often."""
        if self._clones <= MOST_CLONES or self._plain:
            return []
        self._plain = True
        ended = [name for name in reversed(self._stack) if name in _FORMATTING]
        self._stack = [name for name in self._stack if name not in _FORMATTING]
        self._formatting = 0
        return ended


def _formula(math: str) -> str:
    """A formula as the TeX that it was made from, where it carries it."""
    tex = _TEX.search(math)
    return f" ${tex[1].strip()}$ " if tex else ""
