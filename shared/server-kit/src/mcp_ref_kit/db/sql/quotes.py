"""Where quotes and comments of SQL end, and what stands in them. Pure; linear time."""

_ASCII_UPPER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_TAG_START = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")
_TAG = _TAG_START | frozenset("0123456789")
_LAST_ASCII = "\x7f"
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_HIGHEST = 0x10FFFF
_HEX = frozenset("0123456789abcdefABCDEF")
# Mark, digits, how few and how many of them, base: of bytes first, then of characters.
_NUMBERED: tuple[tuple[str, frozenset[str], int, int, int], ...] = (
    ("", frozenset("01234567"), 1, 3, 8),
    ("x", _HEX, 1, 2, 16),
    ("u", _HEX, 4, 4, 16),
    ("U", _HEX, 8, 8, 16),
)


def folded(word: str) -> str:
    """Lower case in ASCII alone, as the engines fold names."""
    return word.lower() if word.isascii() else word.translate(_ASCII_UPPER)


def after_quote(text: str, at: int, quote: str) -> int:
    """The end of a quote that begins at `at`; doubled it stands for itself. One beyond the text if it has no end."""
    at += 1
    while (found := text.find(quote, at)) >= 0:
        if text[found + 1 : found + 2] != quote:
            return found + 1
        at = found + 2
    return len(text) + 1


def after_escapes(text: str, at: int) -> int:
    """The same for a quote in which a backslash takes the next character along."""
    at += 1
    size = len(text)
    while at < size:
        character = text[at]
        if character == "\\" or (character == "'" and text[at + 1 : at + 2] == "'"):
            at += 2
        elif character == "'":
            return at + 1
        else:
            at += 1
    return size + 1


def after_nested_comment(text: str, at: int) -> int:
    """The end of a comment that may contain others."""
    depth, at, size = 1, at + 2, len(text)
    while at < size:
        pair = text[at : at + 2]
        if pair == "*/":
            depth, at = depth - 1, at + 2
            if depth == 0:
                return at
        elif pair == "/*":
            depth, at = depth + 1, at + 2
        else:
            at += 1
    return size + 1


def dollar_tag(text: str, at: int) -> str:
    """`$$` or `$tag$` if one begins here, else nothing."""
    end = at + 1
    size = len(text)
    while end < size and text[end] != "$":
        character = text[end]
        allowed = _TAG if end > at + 1 else _TAG_START
        if character not in allowed and character <= _LAST_ASCII:
            return ""
        end += 1
    return text[at : end + 1] if end < size else ""


def decoded_escapes(body: str) -> str:
    """What a string with backslashes says."""
    if "\\" not in body:
        return body.replace("''", "'")
    found = bytearray()  # escapes may give a letter byte by byte
    at = 0
    while at < len(body):
        if body[at] == "\\":
            data, at = _escape(body, at + 1)
            found += data
        else:
            found += body[at].encode("utf-8", "surrogatepass")
            at += 2 if body.startswith("''", at) else 1
    return found.decode("utf-8", "replace")


def _escape(body: str, at: int) -> tuple[bytes, int]:
    """What the character after a backslash, and the digits after that, stand for; and their end."""
    letter = body[at : at + 1]
    for mark, allowed, least, most, base in _NUMBERED:
        start = at + len(mark)
        end = start
        while end < start + most and body[end : end + 1] in allowed:
            end += 1
        if body.startswith(mark, at) and end - start >= least:
            number = int(body[start:end], base)
            if mark in ("", "x"):
                return bytes([number & 0xFF]), end
            return (chr(number) if number <= _HIGHEST else letter).encode("utf-8", "surrogatepass"), end
    return _ESCAPES.get(letter, letter).encode("utf-8", "surrogatepass"), at + 1


def decoded_unicode(body: str, escape: str) -> str:
    """What a `U&` string or name says: four hexadecimal digits after the escape, or six after it and a plus."""
    if escape not in body:
        return body
    found: list[str] = []
    at = 0
    while at < len(body):
        if body[at] != escape:
            found.append(body[at])
            at += 1
            continue
        character, at = _unescaped(body, at, escape)
        found.append(character)
    return "".join(found).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _unescaped(body: str, at: int, escape: str) -> tuple[str, int]:
    if body.startswith(escape, at + 1):
        return escape, at + 2
    start, size = (at + 2, 6) if body.startswith("+", at + 1) else (at + 1, 4)
    digits = body[start : start + size]
    if len(digits) == size and all(digit in _HEX for digit in digits) and int(digits, 16) <= _HIGHEST:
        return chr(int(digits, 16)), start + size
    return escape, at + 1  # the engine refuses it
