r"""The grammar of paths: what a caller may write, and how odd names are shown. Pure.

A name that is not UTF-8, or holds a control character, is shown with those bytes as `\xff` and with each
backslash doubled, and is accepted back in that form.
"""

import os
import re
import unicodedata

from msgspec import Struct

from mcp_ref_kit.paths.errors import InvalidPath

# Longer paths are refused by Linux too (PATH_MAX).
LONGEST = 4096

_ODD = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_ESCAPED = re.compile(rb"\\(?:\\|x([0-9a-f]{2}))")


class JailPath(Struct, frozen=True):
    """A path as the jail works on it: the names from its directory downwards, in the system's spelling.

    `written` is what errors call it: the caller's own text.
    """

    parts: tuple[str, ...] = ()
    written: str = "."

    @classmethod
    def parse(cls, text: str, *, written: str | None = None, windows: bool = os.name == "nt") -> "JailPath":
        """Read a relative path from a caller; `.` and doubled slashes fall away, `..` stays.

        Raises:
            InvalidPath: empty, absolute, too long, or with characters that no path may have.
        """
        shown = text if written is None else written
        check_text(text, written=shown)
        if text.startswith("/"):
            raise InvalidPath(shown, f"`{printable(shown)}` is absolute where a relative path is needed.")
        return cls(split(text, written=shown, windows=windows), shown)

    @property
    def name(self) -> str:
        """The last name, or `.` for the directory itself."""
        return self.parts[-1] if self.parts else "."

    @property
    def shown(self) -> str:
        """The names as a caller may read them and write them back, joined by slashes."""
        return "/".join(show(part) for part in self.parts) or "."

    def child(self, name: str) -> "JailPath":
        """One name further down, in results and in errors."""
        below = show(name)
        return JailPath((*self.parts, name), below if self.written == "." else f"{self.written.rstrip('/')}/{below}")


def check_text(text: str, *, written: str) -> None:
    """Refuse what cannot be a path, absolute or relative.

    Raises:
        InvalidPath: empty, over 4096 bytes, a lone surrogate, NUL or another control character.
    """
    if not text:
        raise InvalidPath("", "The path is empty.", hint="Use `.` for the allowed directory itself.")
    if len(text) > LONGEST or len(text.encode(errors="replace")) > LONGEST:
        raise InvalidPath(written[:40], f"The path is longer than {LONGEST} bytes.")
    if not text.isprintable() and _ODD.search(text):
        hint = "Write such a name in the escaped form that listings show, for example `a\\x0ab`."
        raise InvalidPath(printable(written), f"`{printable(written)}` holds a control character.", hint=hint)


def split(text: str, *, written: str, windows: bool = os.name == "nt") -> tuple[str, ...]:
    """The names between the slashes, without empty ones and `.`; on Windows also without what it reserves."""
    parts = tuple(part for part in text.split("/") if part not in {"", "."})
    if windows:
        for part in parts:
            _check_windows(part, written)
    return parts


def show(name: str) -> str:
    """A system name as text that is valid everywhere; `unshow` reads it back."""
    if name.isprintable() or not _ODD.search(name):
        return name
    return "".join(_shown(character) for character in name)


def is_encoded(name: str) -> bool:
    """Whether `show` has to escape the name."""
    return not name.isprintable() and _ODD.search(name) is not None


def unshow(text: str) -> str | None:
    """The system name that `show` shows as this text, or None if it shows none so."""
    if "\\x" not in text:
        return None
    raw = _ESCAPED.sub(_unescaped, text.encode())
    name = raw.decode(errors="surrogateescape")
    return name if name != text and "\0" not in name and show(name) == text else None


def spellings(name: str) -> tuple[str, ...]:
    """The other ways to read a name that was not found: escaped bytes, composed and decomposed characters."""
    if name.isascii():
        escaped = unshow(name)
        return () if escaped is None else (escaped,)
    others = (unshow(name), unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name))
    return tuple(dict.fromkeys(other for other in others if other is not None and other != name))


def printable(text: str) -> str:
    """Text for an error message: control characters and lone surrogates escaped, cut at 200 characters."""
    return _ODD.sub(lambda found: _shown(found.group()), text)[:200]


def _shown(character: str) -> str:
    if character == "\\":
        return "\\\\"
    if not _ODD.match(character):
        return character
    return "".join(f"\\x{byte:02x}" for byte in _bytes(character))


def _bytes(character: str) -> bytes:
    try:
        return character.encode(errors="surrogateescape")
    except UnicodeEncodeError:  # a surrogate that stands for no byte: only in a caller's text
        return character.encode(errors="surrogatepass")


def _unescaped(found: re.Match[bytes]) -> bytes:
    digits = found.group(1)
    return b"\\" if digits is None else bytes.fromhex(digits.decode())


_RESERVED = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?", re.IGNORECASE)
_WINDOWS_ONLY = re.compile(r'[<>:"|?*\\]')


def _check_windows(name: str, written: str) -> None:
    # Each of these names something other than a file of that name: a device, a stream, a device namespace
    # or, with a trailing dot or space, another file.
    if _WINDOWS_ONLY.search(name) or _RESERVED.fullmatch(name) or (name != ".." and name[-1] in ". "):
        raise InvalidPath(written, f"`{printable(written)}` has a name that Windows reserves.")
