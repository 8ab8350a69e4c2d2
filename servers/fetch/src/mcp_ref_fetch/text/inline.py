"""Runs of text inside a block: white space as a browser shows it, emphasis, code, links. Pure."""

import re
from functools import lru_cache
from urllib.parse import quote, urljoin

_SPACES = re.compile(r"[ \t\n\f\r]+")
_TICKS = re.compile(r"`+")
_AROUND_BREAK = re.compile(r" *\n *")
_SEVERAL_SPACES = re.compile(r" {2,}")
# At the start of a block these would make it a heading, a quotation, a list or a rule.
_STARTS_BLOCK = re.compile(r"(?:#{1,6}(?=\s)|>|[-+*](?=\s)|(?:-{3,}|={3,})$|~~~|```)")
_STARTING = frozenset("#>-+*=~`0123456789")
_STARTS_NUMBER = re.compile(r"(\d{1,9})([.)])(?=\s)")
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):")
# Most links are of these two kinds, and need no resolving.
_PLAIN_URL = re.compile(r"https?://[a-zA-Z0-9.:-]+/[!#$%&'*+,\-./0-9:;=?@A-Z_a-z~]*")
_PLAIN_PATH = re.compile(r"/(?!/)[!#$%&'*+,\-./0-9:;=?@A-Z_a-z~]*")
_SAFE_IN_URL = "!#$%&'*+,-./:;=?@[]_~"
_LINKED = frozenset({"http", "https", "mailto", "tel", "ftp"})
# Texts of links from a heading to itself, and from a note back to its place.
_PERMALINKS = frozenset({"#", "¶", "§", "🔗", "link", "permalink", "↩", "↩\ufe0e", "↵", "⏎", "↑", "^", "\\^"})
_HREF = re.compile(r'(?:^| )href="([^"]*)"')
_FORMULA = re.compile(r"\{\\(?:displaystyle|textstyle|scriptstyle)\b.{0,500}\}", re.DOTALL)
# A link within the page with such a text leads to a note.
_NOTE = re.compile(r"\d{1,3}|[*\u2020\u2021]")
_RAISED = re.compile(r"[-+\u2212]?\d{1,4}|[A-Za-z]|[-+\u2212]")
# Emphasis that the page did not mean: marks that could open it, if one of the same kind follows.
_STARS = re.compile(r"\*(?=\S)|(?<=\S)\*")
_UNDERSCORES = re.compile(r"(?<![^\W_])_(?=\S)|(?<=\S)_(?![^\W_])")
_TICK = re.compile("`")
_LABEL = re.compile(r"\](?=[(\[])|\[(?=[^\]\[]{0,200}\][(\[:])")
_BACKSLASH = re.compile(r"\\(?=[!-/:-@\[-`{-~])")
_MARKUP = re.compile(r"&lt;(?=[A-Za-z/!?])")
_ENTITY = re.compile(r"&amp;(?=#?\w{1,31};)")
_ESCAPES = {
    "\\": _BACKSLASH,
    "*": _STARS,
    "_": _UNDERSCORES,
    "`": _TICK,
    "[": _LABEL,
    "&lt;": _MARKUP,
    "&amp;": _ENTITY,
}


def collapsed(text: str) -> str:
    """White space as a browser shows it."""
    return _SPACES.sub(" ", text)


def unescaped(text: str) -> str:
    """The characters that the parser writes as entities; it writes no others so."""
    return text.replace("&nbsp;", "\xa0").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def escaped(text: str, marks: tuple[str, ...]) -> str:
    """A text as the parser writes it, with a backslash before what Markdown would not show as it is."""
    for mark, meaning in _ESCAPES.items():
        if mark in marks and mark in text:
            text = meaning.sub(_after_backslash, text)
    return text


def _after_backslash(found: re.Match[str]) -> str:
    return "\\" + found[0]


def is_formula(alt: str) -> bool:
    """Whether the text of a picture is TeX, as encyclopedias give it."""
    return _FORMULA.fullmatch(alt) is not None


def quoted(text: str) -> str:
    """A quotation within a line, which a browser sets in marks of its own."""
    return f'"{text}"' if text.strip() else text


def raised(text: str) -> str:
    """An exponent as such: without a mark 10 to the sixth would be 106; other raised text as it is."""
    return f"^{text}" if _RAISED.fullmatch(text) else text


def joined(parts: list[str]) -> str:
    """The text of a block: line breaks that were asked for stay."""
    text = "".join(parts)
    if "\n" in text:
        text = _AROUND_BREAK.sub("\n", text)
    if "  " in text:
        text = _SEVERAL_SPACES.sub(" ", text)
    return text.strip(" \n")


def escaped_start(text: str) -> str:
    """The text, so that it is no other kind of block than the page meant, nor has one in it."""
    if "\n" in text:
        return "\n".join(_escaped_line(line) if line else line for line in text.split("\n"))
    return _escaped_line(text)


def _escaped_line(text: str) -> str:
    if text[0] not in _STARTING:
        return text
    if _STARTS_BLOCK.match(text):
        return "\\" + text
    return _STARTS_NUMBER.sub(r"\1\\\2", text, count=1) if text[:1].isdigit() else text


def wrapped(text: str, mark: str) -> str:
    """The text between marks, its outer white space outside of them."""
    inside = text.strip()
    if not inside or mark in inside:
        return text
    if len(inside) == len(text):
        return mark + text + mark
    before = text[: len(text) - len(text.lstrip())]
    after = text[len(text.rstrip()) :]
    return f"{before}{mark}{inside}{mark}{after}"


def code_span(text: str) -> str:
    """Code within a line, in more backticks than it contains."""
    text = text.replace("\n", " ")
    if not text.strip():
        return text
    ticks = "`" * (max((len(run) for run in _TICKS.findall(text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{pad}{text.strip()}{pad}{ticks}"


def code_block(text: str, language: str) -> str:
    """Code of several lines, in a fence longer than any in it."""
    longest = max((len(run) for run in _TICKS.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.strip(chr(10))}\n{fence}"


@lru_cache(maxsize=4)
def _origin(base: str) -> str:
    return "/".join(base.split("/", 3)[:3])


def absolute(href: str, base: str) -> str | None:
    """Where a link leads; None for what is no place on the web."""
    href = href.strip(" \t\n\f\r")
    if ".." not in href and "/./" not in href:
        if _PLAIN_URL.fullmatch(href):
            return href
        if _PLAIN_PATH.fullmatch(href) and base.startswith(("http://", "https://")):
            return _origin(base) + href
    scheme = _SCHEME.match(href)
    if scheme is not None and scheme[1].lower() not in _LINKED:
        return None
    try:
        return quote(urljoin(base, href), safe=_SAFE_IN_URL)
    except ValueError:
        return None


def link(text: str, source: str, base: str) -> str:
    """A link as Markdown; its text alone where it leads nowhere else. `source` are its attributes as written."""
    found = _HREF.search(source)
    href = found[1] if found else ""
    inside = text.strip()
    if not inside or (href[:1] == "#" and inside in _PERMALINKS):
        return ""
    url = (
        None
        if href[:1] in {"#", ""}
        else absolute(unescaped(href).replace("&quot;", '"') if "&" in href else href, base)
    )
    if url is None:
        return f"[{text}]" if _NOTE.fullmatch(text) else text
    if "[" in inside or "]" in inside:
        inside = _balanced(inside)
    if len(inside) == len(text):
        return f"[{inside}]({url})"
    before = " " if text[:1].isspace() else ""
    after = " " if text[-1:].isspace() else ""
    return f"{before}[{inside}]({url}){after}"


def _balanced(label: str) -> str:
    """The text of a link, whose brackets do not end it."""
    return label if label.startswith("![") else _BRACKETS.sub(r"\\\1", label)


_BRACKETS = re.compile(r"(?<!\\)([\[\]])")
