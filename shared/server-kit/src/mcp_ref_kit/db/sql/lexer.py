"""SQL as tokens with their places: for messages, confirmations and a second line of defence, never to decide alone.

Linear time and no regular expression: the text is a caller's. Over about 32 KiB it takes longer than a step of the
event loop should, and belongs on a thread.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

from msgspec import Struct

from mcp_ref_kit.db.sql.quotes import (
    after_escapes,
    after_nested_comment,
    after_quote,
    decoded_escapes,
    decoded_unicode,
    dollar_tag,
    folded,
)

Kind = Literal["word", "name", "string", "number", "parameter", "sign", "comment"]
Found = tuple[Kind | None, int, str]
"""Kind (None for white space), end, and value."""
Scan = Callable[[str, int], Found]

_DIGITS = frozenset("0123456789")
_HEX = _DIGITS | frozenset("abcdefABCDEF")
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")
_WORD = _LETTERS | _DIGITS | {"$"}
_LAST_ASCII = "\x7f"
_BOM = "\ufeff"
# The engine cuts longer names, so that a longer spelling is the same function.
_LONGEST_NAME = 63
_UESCAPE = "uescape"


class Token(Struct, frozen=True, gc=False):
    """One token: `text[start:end]`. `value` is a name as the engine reads it: unquoted, decoded, folded, cut.

    `depth` counts the parentheses around it; one that opens or closes stands outside of itself.
    """

    kind: Kind
    value: str
    start: int
    end: int
    depth: int
    closed: bool = True
    """False for a quote or comment that the text ends in."""

    def is_word(self, *words: str) -> bool:
        """Whether it is one of these words, in lower case; a quoted name is none."""
        return self.kind == "word" and self.value in words

    def is_sign(self, sign: str) -> bool:
        """Whether it is this character, outside of quotes."""
        return self.kind == "sign" and self.value == sign


class Dialect(Struct, frozen=True, kw_only=True):
    """How one engine reads characters."""

    spaces: frozenset[str]
    starts: Mapping[str, Scan]
    """What a token is that begins with this character; others are words or signs."""
    word: Scan


def tokens(text: str, dialect: Dialect) -> Iterator[Token]:
    """Every token, comments among them; white space is left out."""
    at = depth = 0
    size = len(text)
    while at < size:
        kind, end, value = _next(text, at, dialect)
        if kind is not None:
            if kind == "sign" and value == ")" and depth:
                depth -= 1
            yield Token(kind, value, at, min(end, size), depth, end <= size)
            if kind == "sign" and value == "(":
                depth += 1
        at = end


def significant(text: str, dialect: Dialect) -> list[Token]:
    """Every token but comments."""
    return [token for token in tokens(text, dialect) if token.kind != "comment"]


def _next(text: str, at: int, dialect: Dialect) -> Found:
    character = text[at]
    if character in dialect.spaces:
        return None, _run(text, at, dialect.spaces), ""
    scan = dialect.starts.get(character)
    if scan is not None:
        return scan(text, at)
    if character in _LETTERS or character > _LAST_ASCII:
        return dialect.word(text, at)
    return "sign", at + 1, character


def _run(text: str, at: int, allowed: frozenset[str]) -> int:
    size = len(text)
    while at < size and text[at] in allowed:
        at += 1
    return at


def _word_end(text: str, at: int) -> int:
    size = len(text)
    while at < size and ((character := text[at]) in _WORD or character > _LAST_ASCII):
        at += 1
    return at


def _word(text: str, at: int) -> Found:
    end = _word_end(text, at)
    return "word", end, folded(text[at:end])


def _number(text: str, at: int) -> Found:
    """As many characters as belong to a number; what follows is another token, as in `1from`."""
    if text[at] == "0" and text[at + 1 : at + 2] in ("x", "X") and text[at + 2 : at + 3] in _HEX:
        end = _run(text, at + 2, _HEX)
        return "number", end, text[at:end]
    end = _run(text, at, _DIGITS)
    if text[end : end + 1] == ".":
        end = _run(text, end + 1, _DIGITS)
    if text[end : end + 1] in ("e", "E"):
        sign = end + 1 + (text[end + 1 : end + 2] in ("+", "-"))
        end = _run(text, sign, _DIGITS) if text[sign : sign + 1] in _DIGITS else end
    return "number", end, text[at:end]


def _point(text: str, at: int) -> Found:
    return _number(text, at) if text[at + 1 : at + 2] in _DIGITS else ("sign", at + 1, ".")


def _string(text: str, at: int) -> Found:
    end = after_quote(text, at, "'")
    return "string", end, text[at + 1 : end - 1].replace("''", "'")


def _name(quote: str, text: str, at: int) -> Found:
    end = after_quote(text, at, quote)
    return "name", end, text[at + 1 : end - 1].replace(quote * 2, quote)


def _double_quoted(text: str, at: int) -> Found:
    return _name('"', text, at)


def _back_quoted(text: str, at: int) -> Found:
    return _name("`", text, at)


def _bracketed(text: str, at: int) -> Found:
    end = text.find("]", at)
    return ("name", len(text) + 1, text[at + 1 :]) if end < 0 else ("name", end + 1, text[at + 1 : end])


def _line_comment(text: str, at: int) -> Found:
    if text[at + 1 : at + 2] != "-":
        return "sign", at + 1, "-"
    end = text.find("\n", at)
    return "comment", len(text) if end < 0 else end, ""


def _flat_comment(text: str, at: int) -> Found:
    if text[at + 1 : at + 2] != "*":
        return "sign", at + 1, "/"
    end = text.find("*/", at + 2)
    return "comment", len(text) + 1 if end < 0 else end + 2, ""


def _nested_comment(text: str, at: int) -> Found:
    if text[at + 1 : at + 2] != "*":
        return "sign", at + 1, "/"
    return "comment", after_nested_comment(text, at), ""


def _returned_comment(text: str, at: int) -> Found:
    """The same where a carriage return ends a line, too."""
    if text[at + 1 : at + 2] != "-":
        return "sign", at + 1, "-"
    size = len(text)
    while at < size and text[at] not in "\r\n":
        at += 1
    return "comment", at, ""


def _sigil(text: str, at: int) -> Found:
    """`:name`, `@name`, `$name` of SQLite, which may go on as names of Tcl do: `$a::b(c)`."""
    end = _word_end(text, at + 1)
    while text.startswith("::", end):
        end = _word_end(text, end + 2)
    if end == at + 1 or text[at + 1 : end].strip(":") == "":
        return "sign", at + 1, text[at]
    if text.startswith("(", end):
        end = _index_end(text, end)
    return "parameter", end, text[at:end]


def _index_end(text: str, at: int) -> int:
    end = at + 1
    while end < len(text) and text[end] != ")" and text[end] not in SQLITE.spaces:
        end += 1
    return end + text.startswith(")", end)


def _question(text: str, at: int) -> Found:
    end = _run(text, at + 1, _DIGITS)
    return "parameter", end, text[at:end]


def _blob(text: str, at: int) -> Found:
    return _string(text, at + 1) if text[at + 1 : at + 2] == "'" else _word(text, at)


def _prefixed(text: str, at: int) -> Found:
    return _string(text, at + 1) if text[at + 1 : at + 2] == "'" else _word_cut(text, at)


def _escaped(text: str, at: int) -> Found:
    if text[at + 1 : at + 2] != "'":
        return _word_cut(text, at)
    end = after_escapes(text, at + 1)
    return "string", end, decoded_escapes(text[at + 2 : end - 1])


def _unicode(text: str, at: int) -> Found:
    quote = text[at + 2 : at + 3]
    if text[at + 1 : at + 2] != "&" or quote not in ("'", '"') or not quote:
        return _word_cut(text, at)
    end = after_quote(text, at + 2, quote)
    body = text[at + 3 : end - 1].replace(quote * 2, quote)
    escape, end = _chosen_escape(text, end)
    value = decoded_unicode(body, escape)
    return ("string", end, value) if quote == "'" else ("name", end, _shortened(value))


def _chosen_escape(text: str, at: int) -> tuple[str, int]:
    """The character after UESCAPE, and the end of that; white space and comments may stand before each."""
    start = _blank(text, at)
    end = start + len(_UESCAPE)
    if folded(text[start:end]) != _UESCAPE or _word_end(text, start) != end:
        return "\\", at
    value, end = _continued(text, _blank(text, end))
    return (value, end) if len(value) == 1 else ("\\", at)


def _blank(text: str, at: int) -> int:
    """The end of white space and comments."""
    size = len(text)
    while at < size:
        end = _run(text, at, POSTGRES.spaces)
        if text.startswith("--", end):
            end = _returned_comment(text, end)[1]
        elif text.startswith("/*", end):
            end = after_nested_comment(text, end)
        if end == at:
            break
        at = end
    return at


def _continued(text: str, at: int) -> tuple[str, int]:
    """The value of a string, and its end; another one on a line below goes on with it."""
    scan = _STRINGS.get(text[at : at + 1])
    kind, end, value = ("sign", at, "") if scan is None else scan(text, at)
    if kind != "string":
        return "", at
    more = text[at] != "$"
    while more:
        following = _spaced(text, end)
        more = text.startswith("'", following) and any(mark in text[end:following] for mark in "\r\n")
        if more:
            kind, end, part = _string(text, following)
            value += part
    return value, end


def _spaced(text: str, at: int) -> int:
    """The end of white space, with comments to the end of their line in it."""
    while True:
        end = _run(text, at, POSTGRES.spaces)
        if not text.startswith("--", end):
            return end
        at = _returned_comment(text, end)[1]


def _dollar(text: str, at: int) -> Found:
    if text[at + 1 : at + 2] in _DIGITS:
        end = _run(text, at + 1, _DIGITS)
        return "parameter", end, text[at:end]
    tag = dollar_tag(text, at)
    if not tag:
        return "sign", at + 1, "$"
    end = text.find(tag, at + len(tag))
    if end < 0:
        return "string", len(text) + 1, text[at + len(tag) :]
    return "string", end + len(tag), text[at + len(tag) : end]


def _word_cut(text: str, at: int) -> Found:
    kind, end, value = _word(text, at)
    return kind, end, _shortened(value)


def _name_cut(text: str, at: int) -> Found:
    kind, end, value = _double_quoted(text, at)
    return kind, end, _shortened(value)


def _shortened(name: str) -> str:
    data = name.encode("utf-8", "replace")
    return name if len(data) <= _LONGEST_NAME else data[:_LONGEST_NAME].decode("utf-8", "ignore")


_STRINGS: Mapping[str, Scan] = {"'": _string, "e": _escaped, "E": _escaped, "$": _dollar}
_NUMBERS: Mapping[str, Scan] = {**dict.fromkeys(_DIGITS, _number), ".": _point, "'": _string}
SQLITE = Dialect(
    spaces=frozenset(" \t\n\r\f\v") | {_BOM},
    starts={
        **_NUMBERS,
        '"': _double_quoted,
        "`": _back_quoted,
        "[": _bracketed,
        "-": _line_comment,
        "/": _flat_comment,
        "?": _question,
        **dict.fromkeys(":@$#", _sigil),
        **dict.fromkeys("xX", _blob),
    },
    word=_word,
)
POSTGRES = Dialect(
    spaces=frozenset(" \t\n\r\f\v"),
    starts={
        **_NUMBERS,
        '"': _name_cut,
        "-": _returned_comment,
        "/": _nested_comment,
        "$": _dollar,
        **dict.fromkeys("bBxXnN", _prefixed),
        **dict.fromkeys("eE", _escaped),
        **dict.fromkeys("uU", _unicode),
    },
    word=_word_cut,
)
