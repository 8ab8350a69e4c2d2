"""The header of a SKILL.md: the part of YAML that every YAML reader understands alike. Pure.

Clients parse the file themselves and compare, field by field, with what the server said (SEP-2640). So what the 1.1
and 1.2 readers could take for different things (`yes`, `1.10`, a date) must be quoted, and anchors, tags, flow
collections and lines that go on are refused. That also spares the core a parser forty times the size of this one.

    ---
    name: two-words                # letters, digits, `-`, `_`; a plain value is text on one line
    description: "Quoted: as in JSON, or 'with doubled quotes'."
    license: >-                    # `>`, `>-`, `|`, `|-` with lines of one indentation
      Folded into
      one line.
    user-invocable: true           # true, false and whole numbers are what they look like
    allowed-tools:                 # a list of values
      - Read
    metadata:                      # a map; maps may be nested
      author: someone
    ---
"""

import re
from collections.abc import Iterator
from typing import Any, NoReturn

import msgspec

_FENCE = "---"
_KEY = re.compile(r"([A-Za-z][A-Za-z0-9_./-]{0,127}):(?: +(.*))?")
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})")
_COMMENT = re.compile(r" +#.*$")
# What may begin a plain value: none of YAML's indicators.
_PLAIN = re.compile(r"[^\s\-?:,\[\]{}#&*!|>'\"%@`]")
# Words and figures that some reader takes for null, a truth value, a number or a time.
_AMBIGUOUS = re.compile(
    r"~|=|<<|null|true|false|y|n|yes|no|on|off|[-+.]?\.?(?:inf|nan)|e[0-9]+|[-+.]?[0-9][0-9a-fox_:.,eEtTzZ+ -]*",
    re.IGNORECASE,
)
_TRUTH = {"true": True, "false": False}
# Nobody writes deeper ones, and each level is a call.
_DEPTH = 4


class _Lines:
    """The lines of a header, each with its indentation; empty ones and comments between them are left out."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._next = 0
        self._seen = 1

    def refuse(self, why: str) -> NoReturn:
        raise ValueError(f"line {self._seen} of the header: {why}")

    def peek(self) -> tuple[int, str] | None:
        """The next line that says something, or None at the end."""
        while self._next < len(self._lines):
            line = self._lines[self._next].rstrip(" ")
            text = line.lstrip(" ")
            if text and not text.startswith("#"):
                self._seen = self._next + 1
                return len(line) - len(text), text
            self._next += 1
        return None

    def take(self) -> None:
        self._next += 1

    def block(self, outer: int) -> Iterator[str]:
        """The lines below a `|` or `>`: deeper than `outer`, all as deep as the first."""
        depth = None
        while self._next < len(self._lines):
            line = self._lines[self._next]
            text = line.lstrip(" ")
            found = len(line) - len(text)
            if text and found <= outer:
                return
            depth = found if depth is None else depth
            self._seen = self._next + 1
            if not text or found != depth or text != text.rstrip(" "):
                self.refuse("the lines of a block must not be empty, end with a blank, or change their indentation")
            yield text
            self.take()


def read(document: str) -> dict[str, Any]:
    """The header of a document, as a JSON object.

    Raises:
        ValueError: there is none, or it is not written in the part of YAML that is read here; the line is named.
    """
    text = document.removeprefix("\ufeff").replace("\r\n", "\n")
    opening, _, rest = text.partition("\n")
    header, closing, _ = f"\n{rest}\n".partition(f"\n{_FENCE}\n")
    if opening.rstrip(" ") != _FENCE or not closing:
        raise ValueError("the file must begin with a header between two lines of `---`")
    lines = _Lines(header[1:])
    if any(not character.isprintable() for character in header.replace("\n", "")):
        raise ValueError("the header has a tab or another character that is not printable")
    found = _map(lines, 0, _DEPTH)
    if lines.peek() is not None:
        lines.refuse("this is indented less than what it belongs to")
    return found


def _map(lines: _Lines, depth: int, levels: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    while (line := lines.peek()) is not None and line[0] == depth:
        matched = _KEY.fullmatch(line[1])
        if matched is None:
            lines.refuse("expected `key: value`")
        key, value = matched[1], matched[2]
        if _AMBIGUOUS.fullmatch(key) or key in found:
            lines.refuse(f"`{key}` is there twice, or is no word that every YAML reader takes for a key")
        lines.take()
        found[key] = (
            _nested(lines, depth, levels) if not value or value.startswith("#") else _value(lines, depth, value)
        )
    if line is not None and line[0] > depth:
        lines.refuse("this is indented more than what it belongs to")
    return found


def _nested(lines: _Lines, depth: int, levels: int) -> Any:
    line = lines.peek()
    if line is None or line[0] < depth or (line[0] == depth and not line[1].startswith("- ")):
        lines.refuse('a key before this has no value; write "" for an empty text')
    if line[1].startswith("- "):
        return _list(lines, line[0])
    if not levels:
        lines.refuse("maps are nested too deeply")
    return _map(lines, line[0], levels - 1)


def _list(lines: _Lines, depth: int) -> list[Any]:
    found: list[Any] = []
    while (line := lines.peek()) is not None and line[0] == depth and line[1].startswith("- "):
        lines.take()
        found.append(_scalar(lines, line[1][2:].strip(" ")))
    return found


def _value(lines: _Lines, depth: int, text: str) -> Any:
    style = _COMMENT.sub("", text)
    if style not in {"|", "|-", ">", ">-"}:
        return _scalar(lines, text)
    parts = list(lines.block(depth))
    joined = ("\n" if style[0] == "|" else " ").join(parts)
    return joined if style.endswith("-") or not parts else joined + "\n"


def _scalar(lines: _Lines, text: str) -> Any:
    if text[:1] in {'"', "'"}:
        return _quoted(lines, text)
    plain = _COMMENT.sub("", text)
    if plain in _TRUTH:
        return _TRUTH[plain]
    if _INTEGER.fullmatch(plain):
        return int(plain)
    if not _PLAIN.match(plain) or ": " in plain or plain.endswith(":") or _AMBIGUOUS.fullmatch(plain):
        lines.refuse(f"put {plain[:40]!r} in quotes: readers of YAML would not agree on it")
    return plain


_DOUBLE = re.compile(r'"(?:[^"\\]|\\["\\bfnrt]|\\u[0-9a-fA-F]{4})*"')
_SINGLE = re.compile(r"'(?:[^']|'')*'")


def _quoted(lines: _Lines, text: str) -> str:
    double = text[0] == '"'
    matched = _DOUBLE.match(text) if double else _SINGLE.match(text)
    if matched is None or _COMMENT.sub("", text[matched.end() :]):
        lines.refuse("a quoted text must end on its line, with nothing after it, and have JSON's escapes only")
    if not double:
        return matched[0][1:-1].replace("''", "'")
    try:
        return msgspec.json.decode(matched[0], type=str)
    except msgspec.DecodeError:
        lines.refuse("half of a surrogate pair is no character")
