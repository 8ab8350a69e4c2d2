"""The part of a glob between two slashes, as a test of one name. Pure.

String methods where those suffice; RE2, which is linear, where `?` or `[...]` occur.
"""

import re
from collections.abc import Callable, Iterator

from msgspec import Struct

from mcp_ref_filesystem.search.regex import compiled, quoted

Test = Callable[[str], bool]


class Segment(Struct, frozen=True):
    """A test of one name; with `exact` or `suffix` it could also be done for many patterns at once."""

    test: Test
    exact: str | None = None
    suffix: str | None = None


class Token(Struct, frozen=True):
    """One element of a segment: literal text, or an RE2 expression; `*` is the expression STAR."""

    text: str = ""
    expression: str = ""


STAR = Token(expression=".*")
_ONE = Token(expression=".")
_NOTHING = Token(expression=r"[^\x{0}-\x{10FFFF}]")
# The names between `[:` and `:]`, as RE2 and git both know them.
_CLASSES = frozenset("alnum alpha blank cntrl digit graph lower print punct space upper xdigit".split())  # noqa: SIM905  as words, on one line
_NAMED = re.compile(r"\[:([a-z]*):\]")


def segment_of(text: str, *, ignore_case: bool = False) -> Segment:
    """The test for one segment; with `ignore_case` the names handed to it must be in lower case."""
    tokens = list(_tokens(text.lower() if ignore_case else text))
    if any(token.expression and token is not STAR for token in tokens):
        return Segment(_general(tokens, ignore_case=ignore_case))
    return _starred(_texts(tokens))


def containing(text: str) -> Segment:
    """The test of `*text*`, whatever characters are in it."""
    return Segment(lambda name: text in name)


def _starred(texts: list[str]) -> Segment:
    """The test for literal texts with `*` between them."""
    if len(texts) == 1:
        whole = texts[0]
        return Segment(lambda name: name == whole, exact=whole)
    first, *middle, last = texts
    middle = [text for text in middle if text]
    if not middle:
        return _edged(first, last)
    if not first and not last and len(middle) == 1:
        return containing(middle[0])
    return Segment(lambda name: _in_order(name, first, middle, last))


def _edged(first: str, last: str) -> Segment:
    if not first:
        return Segment(lambda name: name.endswith(last), suffix=last)
    if not last:
        return Segment(lambda name: name.startswith(first))
    least = len(first) + len(last)
    return Segment(lambda name: len(name) >= least and name.startswith(first) and name.endswith(last))


def _in_order(name: str, first: str, middle: list[str], last: str) -> bool:
    end = len(name) - len(last)
    at = len(first)
    if end < at or not name.startswith(first) or not name.endswith(last):
        return False
    for text in middle:
        found = name.find(text, at, end)
        if found < 0:
            return False
        at = found + len(text)
    return True


def _general(tokens: list[Token], *, ignore_case: bool) -> Test:
    source = "".join(token.expression or quoted(token.text) for token in tokens)
    # What is not UTF-8 holds surrogates, which RE2 does not take: each counts as one character.
    pattern = compiled(source.encode(errors="replace").decode(), ignore_case=ignore_case, dot_all=True)
    return lambda name: pattern.fullmatch(name.encode(errors="replace")) is not None


def _texts(tokens: list[Token]) -> list[str]:
    """The literal texts between the stars, the empty ones at the edges included."""
    texts = [""]
    for token in tokens:
        if token is STAR:
            texts.append("")
        else:
            texts[-1] += token.text
    return texts


def _tokens(segment: str) -> Iterator[Token]:
    at = 0
    while at < len(segment):
        character = segment[at]
        at += 1
        if character == "*":
            yield STAR
        elif character == "?":
            yield _ONE
        elif character == "\\" and at < len(segment):
            yield Token(segment[at])
            at += 1
        elif character == "[" and (end := class_end(segment, at)):
            yield _class(segment[at:end])
            at = end + 1
        else:
            yield Token(character)


def class_end(segment: str, at: int) -> int:
    """Where the class whose inside begins at `at` has its `]`, or 0: then its `[` is literal."""
    at += segment[at : at + 1] in {"!", "^"}
    at += segment[at : at + 1] == "]"
    while at < len(segment):
        if segment[at] == "]":
            return at
        named = _NAMED.match(segment, at)
        if named:
            at = named.end()
        else:
            at += 2 if segment[at] == "\\" else 1
    return 0


def _class(inner: str) -> Token:
    """The class as an RE2 expression; a range from high to low holds nothing, an unknown name spoils it."""
    negated = inner[0] in {"!", "^"}
    body = inner[negated:]
    names = {found[1] for found in _NAMED.finditer(body)}
    if not names <= _CLASSES:
        return _NOTHING
    inside = "".join(f"[:{name}:]" for name in sorted(names))
    for low, high in _ranges(_NAMED.sub("", body)):
        inside += f"\\x{{{low:x}}}-\\x{{{high:x}}}" if low <= high else ""
    if negated:
        return Token(expression=f"[^{inside}]" if inside else ".")
    return Token(expression=f"[{inside}]") if inside else _NOTHING


def _ranges(inner: str) -> Iterator[tuple[int, int]]:
    at = 0
    while at < len(inner):
        low, at = _member(inner, at)
        high = low
        if inner[at : at + 1] == "-" and at + 1 < len(inner):
            high, at = _member(inner, at + 1)
        yield ord(low), ord(high)


def _member(inner: str, at: int) -> tuple[str, int]:
    if inner[at] == "\\" and at + 1 < len(inner):
        at += 1
    return inner[at], at + 1
