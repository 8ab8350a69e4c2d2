"""The part of a glob between two slashes, as a test of one name. Pure.

String methods where those suffice; RE2, which is linear, where `?` or `[...]` occur.
"""

from collections.abc import Callable, Iterator

from msgspec import Struct

from mcp_ref_filesystem.regex import compiled, quoted

Test = Callable[[str], bool]


class Token(Struct, frozen=True):
    """One element of a segment: literal text, or an RE2 expression; `*` is the expression STAR."""

    text: str = ""
    expression: str = ""


STAR = Token(expression=".*")
_ONE = Token(expression=".")
_NOTHING = Token(expression=r"[^\x{0}-\x{10FFFF}]")


def segment_test(segment: str, *, ignore_case: bool = False) -> Test:
    """The test for one segment; with `ignore_case` the names handed to it must be in lower case."""
    tokens = list(_tokens(segment.lower() if ignore_case else segment))
    if any(token.expression and token is not STAR for token in tokens):
        return _general(tokens, ignore_case=ignore_case)
    return _starred(_texts(tokens))


def everything(_name: str) -> bool:
    """The test of `*`."""
    return True


def containing(text: str) -> Test:
    """The test of `*text*`, whatever characters are in it."""
    return lambda name: text in name


def _starred(texts: list[str]) -> Test:
    """The test for literal texts with `*` between them."""
    if len(texts) == 1:
        whole = texts[0]
        return lambda name: name == whole
    first, *middle, last = texts
    middle = [text for text in middle if text]
    if not middle:
        return _edged(first, last)
    if not first and not last and len(middle) == 1:
        return containing(middle[0])
    return lambda name: _in_order(name, first, middle, last)


def _edged(first: str, last: str) -> Test:
    if not first and not last:
        return everything
    if not first:
        return lambda name: name.endswith(last)
    if not last:
        return lambda name: name.startswith(first)
    least = len(first) + len(last)
    return lambda name: len(name) >= least and name.startswith(first) and name.endswith(last)


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
    pattern = compiled(source, ignore_case=ignore_case, dot_all=True)
    # Names that are not UTF-8 hold surrogates, which RE2 does not take: each counts as one character.
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
        elif character == "[" and (end := _class_end(segment, at)):
            yield _class(segment[at:end])
            at = end + 1
        else:
            yield Token(character)


def _class_end(segment: str, at: int) -> int:
    """Where the class that begins at `at` has its `]`, or 0: then its `[` is literal."""
    at += segment[at : at + 1] in {"!", "^"}
    at += segment[at : at + 1] == "]"
    while at < len(segment):
        if segment[at] == "]":
            return at
        at += 2 if segment[at] == "\\" else 1
    return 0


def _class(inner: str) -> Token:
    """The class as an RE2 expression; a range from high to low holds nothing."""
    negated = inner[0] in {"!", "^"}
    ranges = "".join(f"\\x{{{low:x}}}-\\x{{{high:x}}}" for low, high in _ranges(inner[negated:]) if low <= high)
    if negated:
        return Token(expression=f"[^{ranges}]" if ranges else ".")
    return Token(expression=f"[{ranges}]") if ranges else _NOTHING


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
