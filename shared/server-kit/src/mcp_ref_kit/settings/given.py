"""What one source says about one setting, and the value it amounts to."""

import errno
import os
import select
import sys
from typing import Any

from msgspec import UNSET, Struct

from mcp_protocol.errors import SettingsError
from mcp_ref_kit.settings.fields import Field

# A token or a key is shorter; a larger file is a mistake and is not read into memory.
_MOST_SECRET_BYTES = 64 * 1024
_MOST_SHOWN = 80
# Seconds for a program at the other end of a pipe to look a secret up.
_PATIENCE = 5


class Given(Struct, frozen=True, kw_only=True):
    """The texts of one setting from one source."""

    texts: list[str]
    where: str
    """How a complaint names it: "`--port`", "`port` in settings.toml"."""
    source: str
    """How a report names it: "--port", "MCP_PORT", "settings.toml"."""
    names_file: bool = False
    """The text is the name of a file that holds the secret."""
    value: Any = UNSET
    """What has its type already: tables."""


def value_of(field: Field, given: Given) -> Any:
    """The typed value of what was given.

    Raises:
        SettingsError: it is not of the field's type, or out of its bounds.
    """
    if given.value is not UNSET:
        return given.value
    texts = [part for text in given.texts for part in _parts(field, text)]
    if given.names_file:
        texts = [_secret_text(text, given.where) for text in texts]
    values = [_read(field, text, given.where) for text in texts]
    return values[0] if field.many is None else field.many(values)


def _parts(field: Field, text: str) -> list[str]:
    if field.many is None or field.marker.separator is None:
        return [text]
    return [part for part in (part.strip() for part in text.split(field.marker.separator)) if part]


def _read(field: Field, text: str, where: str) -> Any:
    try:
        value = field.kind.read(text)
    except ValueError as error:
        raise SettingsError(f"{where} {error}, got {_shown(text)}.") from None
    if isinstance(value, (int, float)):
        _check(field.low, field.high, value, f"{where} must be", text.strip())
    if isinstance(value, str) or field.secret:
        _check(field.shortest, field.longest, len(text), f"The length of {where} must be", str(len(text)))
    return value


def _check(low: float | None, high: float | None, value: float, start: str, shown: str) -> None:
    if (low is None or value >= low) and (high is None or value <= high):
        return
    if low is None or high is None:
        span = f"at least {low}" if high is None else f"at most {high}"
    else:
        span = f"between {low} and {high}"
    raise SettingsError(f"{start} {span}, got {shown}.")


def _shown(text: str) -> str:
    return ascii(text) if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]!a} and {len(text)} characters in all"


def _secret_text(name: str, where: str) -> str:
    """The text in a file of secrets, without the newline that editors add."""
    try:
        data = _file(name)
        text = data.decode()
    except (OSError, ValueError) as error:
        raise SettingsError(f"{where} names a file that cannot be read: {reason(error)}.") from None
    if len(data) > _MOST_SECRET_BYTES or not text.strip():
        raise SettingsError(f"{where} names a file that is {'empty' if not text.strip() else 'too large'}.")
    return text.rstrip("\r\n")


def _file(name: str) -> bytes:
    """What is in a file, up to one byte too many. A pipe, as the shell's `<(command)`, is waited for a little."""
    handle = os.open(name, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    data = b""
    try:
        while len(data) <= _MOST_SECRET_BYTES and (chunk := _next(handle, _MOST_SECRET_BYTES + 1 - len(data))):
            data += chunk
    finally:
        os.close(handle)
    return data


def _next(handle: int, most: int) -> bytes:
    if sys.platform != "win32":
        waiting = select.poll()
        waiting.register(handle, select.POLLIN)
        if not waiting.poll(_PATIENCE * 1000):
            raise TimeoutError(errno.ETIMEDOUT, f"nothing came from it within {_PATIENCE} s")
    return os.read(handle, most)


def reason(error: Exception) -> str:
    """Why a file could not be read, in the system's words and without its path."""
    if isinstance(error, OSError):
        return (error.strerror or "input/output error").lower()
    return "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else "its name is not valid"
