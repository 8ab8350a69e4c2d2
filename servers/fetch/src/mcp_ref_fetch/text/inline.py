"""Runs of text inside a block: white space as a browser shows it, emphasis, code, links. Pure."""

import re
from urllib.parse import quote, urljoin

_SPACES = re.compile(r"[ \t\n\f\r]+")
_TICKS = re.compile(r"`+")
_AROUND_BREAK = re.compile(r" *\n *")
_SEVERAL_SPACES = re.compile(r" {2,}")
# At the start of a block these would make it a heading, a quotation, a list or a rule.
_STARTS_BLOCK = re.compile(r"(?:#{1,6}(?=\s)|>|[-+*](?=\s)|(?:-{3,}|={3,})$|~~~|```)")
_STARTS_NUMBER = re.compile(r"(\d{1,9})([.)])(?=\s)")
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):")
# Most links are of these two kinds, and need no resolving.
_PLAIN_URL = re.compile(r"https?://[a-zA-Z0-9.:-]+/[!#$%&'*+,\-./0-9:;=?@A-Z_a-z~]*")
_PLAIN_PATH = re.compile(r"/(?!/)[!#$%&'*+,\-./0-9:;=?@A-Z_a-z~]*")
_SAFE_IN_URL = "!#$%&'*+,-./:;=?@[]_~"
_LINKED = frozenset({"http", "https", "mailto", "tel", "ftp"})
_PERMALINKS = frozenset({"#", "¶", "§", "🔗", "link", "permalink", ""})


def collapsed(text: str) -> str:
    """White space as a browser shows it."""
    return _SPACES.sub(" ", text)


def joined(parts: list[str]) -> str:
    """The text of a block: line breaks that were asked for stay."""
    text = "".join(parts)
    if "\n" in text:
        text = _AROUND_BREAK.sub("\n", text)
    if "  " in text:
        text = _SEVERAL_SPACES.sub(" ", text)
    return text.strip(" \n")


def escaped_start(text: str) -> str:
    """The text, so that it is no other kind of block than the page meant."""
    if _STARTS_BLOCK.match(text):
        return "\\" + text
    return _STARTS_NUMBER.sub(r"\1\\\2", text, count=1) if text[:1].isdigit() else text


def wrapped(text: str, mark: str) -> str:
    """The text between marks, its outer white space outside of them."""
    inside = text.strip()
    if not inside or mark in inside:
        return text
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


def absolute(href: str, base: str) -> str | None:
    """Where a link leads; None for what is no place on the web."""
    href = href.strip(" \t\n\f\r")
    if ".." not in href and "/./" not in href:
        if _PLAIN_URL.fullmatch(href):
            return href
        if _PLAIN_PATH.fullmatch(href) and base.startswith(("http://", "https://")):
            return "/".join(base.split("/", 3)[:3]) + href
    scheme = _SCHEME.match(href)
    if scheme is not None and scheme[1].lower() not in _LINKED:
        return None
    try:
        return quote(urljoin(base, href), safe=_SAFE_IN_URL)
    except ValueError:
        return None


def link(text: str, href: str, base: str) -> str:
    """A link as Markdown; its text alone where it leads nowhere else."""
    inside = text.strip()
    if inside in _PERMALINKS:
        return ""
    url = None if href.startswith("#") or not href else absolute(href, base)
    if url is None:
        return text
    before = " " if text[:1].isspace() else ""
    after = " " if text[-1:].isspace() else ""
    label = inside.replace("[", "\\[").replace("]", "\\]") if "[" in inside or "]" in inside else inside
    return f"{before}[{label}]({url}){after}"
